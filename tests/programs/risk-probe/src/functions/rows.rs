//! Scenario losses and their tail, over the tables' columns and weights.

use {
    crate::{Answer, Request, Tables},
    cep_risk::{
        MAX_UNDERLYINGS, Notional, ROWS,
        rows::{self, Column},
        tail::{self, TAIL_99, TAIL_975},
    },
};

/// On the heap, zeroed there: a frame on chain has no room for it.
fn boxed() -> Box<[i64; ROWS]> {
    bytemuck::zeroed_box()
}

/// How many underlyings, and the net exposure to each: a number of 10⁻¹² USD, and a power of two on it.
fn exposures(request: &mut Request) -> Vec<Notional> {
    let count = request.within(0, MAX_UNDERLYINGS as u64);
    (0..count)
        .map(|_| {
            let number = i128::from(request.signed());
            Notional(number << request.within(0, 14))
        })
        .collect()
}

fn columns(tables: &Tables, count: usize) -> Vec<&Column> {
    let all = tables.underlyings.iter();
    all.map(|it| &it.returns).take(count).collect()
}

/// All rows in one number that any changed bit changes.
fn fold(losses: &[i64]) -> i64 {
    let step = |sum: i64, loss: &i64| sum.rotate_left(5).wrapping_mul(0x0100_0000_01b3) ^ loss;
    losses.iter().fold(0, step)
}

pub fn losses(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let mut losses = boxed();
    for _ in 0..request.calls {
        let exposures = exposures(request);
        let columns = columns(tables, exposures.len());
        let result = answer.metered(|| rows::losses(&exposures, &columns, &mut losses));
        answer.put_result(result, |answer, ()| answer.put(fold(&losses[..])));
    }
}

pub fn expected_shortfall(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let (mut losses, mut undecided) = (boxed(), bytemuck::zeroed_box());
    for _ in 0..request.calls {
        let tail = request.tail();
        let exposures = exposures(request);
        let columns = columns(tables, exposures.len());
        if rows::losses(&exposures, &columns, &mut losses).is_ok() {
            let result = answer.metered(|| {
                tail::expected_shortfall(&losses, &tables.weights, tail, &mut undecided)
            });
            answer.put_result(result, Answer::put);
        }
    }
}

pub fn expected_shortfall_of_linear(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let (mut losses, mut undecided) = (boxed(), bytemuck::zeroed_box());
    for _ in 0..request.calls {
        let tail = request.tail();
        let exposures = exposures(request);
        let columns = columns(tables, exposures.len());
        let result = answer.metered(|| {
            tail::expected_shortfall_of_linear(
                &exposures,
                &columns,
                &tables.weights,
                tail,
                &mut losses,
                &mut undecided,
            )
        });
        answer.put_result(result, Answer::put);
    }
}

pub fn expected_shortfall_of_any(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    let (mut losses, mut undecided) = (boxed(), bytemuck::zeroed_box());
    for _ in 0..request.calls {
        let tail = request.tail();
        for loss in losses.iter_mut() {
            *loss = request.signed() >> 1;
        }
        let result = answer
            .metered(|| tail::expected_shortfall(&losses, &tables.weights, tail, &mut undecided));
        answer.put_result(result, Answer::put);
    }
}

impl Request {
    /// One of the two tails in use, or any other.
    fn tail(&mut self) -> u32 {
        match self.within(0, 2) {
            0 => TAIL_975,
            1 => TAIL_99,
            _ => self.within(0, 17_000_000) as u32,
        }
    }
}
