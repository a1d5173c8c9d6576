//! Functions of a few numbers. Any number is allowed: they are total or refuse.

use {
    crate::{Answer, Request},
    cep_risk::{ewma, fixed, scenario},
};

pub fn exp(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let x = request.signed();
        let y = answer.metered(|| fixed::exp_q30(x));
        answer.put(y);
    }
}

pub fn ln_ratio(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let a = request.word();
        // Half of the drawn pairs lie close to each other, as two prices do.
        let b = match request.within(0, 1) {
            0 => request.word(),
            _ => a.wrapping_add(request.within(0, a / 2)),
        };
        let y = answer.metered(|| fixed::ln_ratio_q32(a, b));
        answer.put(y);
    }
}

pub fn ewma_update(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let (variance, from, to) = (request.word(), request.word(), request.word());
        let (elapsed, tau) = (request.word(), request.word());
        let result = answer.metered(|| ewma::update(variance, from, to, elapsed, tau));
        answer.put_result(result, Answer::put_unsigned);
    }
}

pub fn horizon_sigma(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let variance = request.word();
        let hours = request.word() as u32;
        let sigma = answer.metered(|| ewma::horizon_sigma_q32(variance, hours));
        answer.put_unsigned(sigma);
    }
}

pub fn simple_return(request: &mut Request, answer: &mut Answer) {
    for _ in 0..request.calls {
        let sigma = request.word();
        let z = request.signed() as i32;
        let r = answer.metered(|| scenario::simple_return(sigma, z));
        answer.put(i64::from(r));
    }
}
