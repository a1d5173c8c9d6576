//! Bins of symmetric distributions, each with its probability and first moment, for rows that a test
//! can weigh.

/// Density up to a constant, and the integral of x f(x) from x to infinity.
type Distribution = (Box<dyn Fn(f64) -> f64>, Box<dyn Fn(f64) -> f64>);

/// "normal", or "t" and its degrees of freedom.
fn distribution(name: &str) -> Distribution {
    let Some(nu) = name.strip_prefix('t') else {
        let f = |x: f64| (-x * x / 2.0).exp();
        return (Box::new(f), Box::new(f));
    };
    let nu: f64 = nu.parse().unwrap();
    let f = move |x: f64| (1.0 + x * x / nu).powf(-f64::midpoint(nu, 1.0));
    (
        Box::new(f),
        Box::new(move |x| f(x) * (nu + x * x) / (nu - 1.0)),
    )
}

/// (probability, integral of x f(x)) of `count` bins, narrow in the middle, the outermost open. Edges are
/// sinh(u) for even u within `reach`. Moments are exact, probabilities by Simpson's rule.
pub fn bins(name: &str, count: usize, reach: f64) -> Vec<(f64, f64)> {
    let (f, upper) = distribution(name);
    let density = |u: f64| f(u.sinh()) * u.cosh();
    let simpson = |a: f64, b: f64| {
        let h = (b - a) / 16.0;
        let piece = |u: f64| density(u) + 4.0 * density(u + h) + density(u + 2.0 * h);
        (0..8)
            .map(|i| h / 3.0 * piece(a + 2.0 * h * f64::from(i)))
            .sum::<f64>()
    };
    // Past sinh(45) nothing is left that a double could add.
    let open: f64 = (0..400)
        .map(|i| simpson(reach + 0.1 * f64::from(i), reach + 0.1 * f64::from(i + 1)))
        .sum();
    let edge = |k: usize| reach * (2.0 * k as f64 / count as f64 - 1.0);
    let mut out: Vec<(f64, f64)> = (0..count)
        .map(|k| {
            let (a, b) = (edge(k), edge(k + 1));
            (simpson(a, b), upper(a.sinh().abs()) - upper(b.sinh().abs()))
        })
        .collect();
    for (at, sign) in [(0, -1.0), (count - 1, 1.0)] {
        out[at].0 += open;
        out[at].1 += sign * upper(reach.sinh());
    }
    let total: f64 = out.iter().map(|(p, _)| p).sum();
    out.iter().map(|(p, m)| (p / total, m / total)).collect()
}
