//! The arithmetic of a liquidation.

use {
    crate::{Answer, Request},
    cep_risk::{
        PPM, Price,
        auction::{AuctionParams, PPB, max_fraction, slice_of, slice_of_position, solvent_price},
        units::MAX_PRICE,
    },
};

pub fn all(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        one(request, answer);
    }
}

fn one(request: &mut Request, answer: &mut Answer) {
    let start = request.within(PPB / 2, PPB);
    let params = AuctionParams {
        start,
        cut: request.within(0, start),
        fast_seconds: request.within(1, 1 << 20),
        slow_seconds: request.within(1, 1 << 20),
        insolvent_seconds: request.within(1, 1 << 20),
        incentive: request.within(0, PPM),
        buffer: request.within(0, PPM),
    };
    let elapsed = request.word();
    let (equity, reserved) = (request.signed(), request.signed());
    let maintenance = request.signed();
    let (base, quote) = (request.signed(), request.signed());
    let mark = request.within(1, MAX_PRICE);
    let fraction = request.within(0, PPB);

    let discount = answer.metered(|| params.discount(elapsed));
    answer.put_unsigned(discount);
    let margin = answer.metered(|| params.buffer_margin(equity, maintenance));
    answer.put_result(margin, Answer::put);
    let closing = answer.metered(|| params.closing_margin(equity, maintenance));
    answer.put_result(closing, Answer::put);
    let insolvent = answer.metered(|| params.insolvent_price(equity, maintenance, elapsed));
    answer.put_result(insolvent, Answer::put);
    let solvent = answer.metered(|| solvent_price(equity, reserved, discount));
    answer.put_result(solvent, Answer::put);
    let largest =
        answer.metered(|| max_fraction(margin.unwrap_or(i64::MIN), equity, reserved, discount));
    answer.put_unsigned(largest);
    let slice = answer.metered(|| slice_of(quote, fraction));
    answer.put(slice);
    let position = answer.metered(|| {
        Price::new(mark).and_then(|mark| slice_of_position(base, quote, mark, fraction))
    });
    answer.put_result(position, |answer, (base, quote)| {
        answer.put(base);
        answer.put(quote);
    });
}
