//! temporary
use cep_tests::probe::{Probe, shipped};
use risk_probe::{Function, Request};
fn main() {
    let mut p = Probe::new(shipped());
    for scale in [0u64, 14] {
        for n in [1u64, 2, 4, 8] {
            let mut w = vec![n];
            for i in 0..n {
                w.push(
                    (((30_000 + 1234 * i) as i64)
                        * 1_000_000_000_000
                        * (if i % 2 == 0 { 1 } else { -1 })) as u64,
                );
                w.push(scale);
            }
            let l = p
                .on_chain(&Request::given(Function::Losses, 1, w.clone()))
                .units;
            let e1 = p
                .on_chain(&Request::given(
                    Function::ExpectedShortfall,
                    1,
                    [vec![1], w.clone()].concat(),
                ))
                .units;
            let e0 = p
                .on_chain(&Request::given(
                    Function::ExpectedShortfall,
                    1,
                    [vec![0], w.clone()].concat(),
                ))
                .units;
            let l1 = p
                .on_chain(&Request::given(
                    Function::ExpectedShortfallOfLinear,
                    1,
                    [vec![1], w.clone()].concat(),
                ))
                .units;
            let l0 = p
                .on_chain(&Request::given(
                    Function::ExpectedShortfallOfLinear,
                    1,
                    [vec![0], w.clone()].concat(),
                ))
                .units;
            let mut v = vec![500_000, 500_000, 800_000, 2_000_000, 0, n, 0];
            for _ in 0..n {
                v.extend([37u64, 100_000_000_000, 50_000_000]);
            }
            v.push(n);
            for i in 0..n {
                v.extend([i, 300_000u64 << scale, 0, i % 2, 0]);
            }
            let a = p.on_chain(&Request::given(Function::Evaluate, 1, v));
            println!(
                "scale {scale} n {n}: losses {l} es99 {e1} es97.5 {e0} lin99 {l1} lin97.5 {l0} evaluate both {} ok {}",
                a.units, a.values[0]
            );
        }
    }
}
