//! From the whole population to the rows of a set: the rim as it is, the body as cluster means.

use crate::builder::BuildParams;
use crate::depth::halfspace_depth;
use crate::error::BuildError;
use crate::linalg::{Matrix, Moments};
use crate::population::Population;
use crate::rng::SplitMix64;
use crate::set::Origin;

/// Weight of pegged columns' distances when the body is clustered: options are on markets, and their tails lie in the body.
const PEG_WEIGHT: f64 = 0.5;

/// A row before it is rounded to integers.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub weight: f64,
    pub level: f64,
    pub z: Vec<f64>,
    pub origin: Origin,
}

/// Keeps the `rows - body_rows` shallowest draws unchanged, in order of time, and then `body_rows` cluster means of the
/// rest, stretched about their centre so that the body keeps its covariance. Mean and covariance of the whole are those
/// of the population, up to rounding.
///
/// Shallow means: at the rim for some book of markets alone, or `peg_depth` times as far out for some book of all columns.
pub(crate) fn reduce(
    population: &Population,
    params: &BuildParams,
) -> Result<Vec<Row>, BuildError> {
    let markets = population.markets();
    let white = whiten(population, &markets)?;
    let weights = population.weights();
    let mut rng = SplitMix64::new(params.seed);
    let columns = population.raw_sd.len();
    let mut depth = vec![f64::INFINITY; white.len()];
    if !markets.is_empty() {
        let alone: Vec<Vec<f64>> = white.iter().map(|p| p[..markets.len()].to_vec()).collect();
        depth = halfspace_depth(&alone, &weights, params.directions, &mut rng);
    }
    if markets.len() < columns {
        let all = halfspace_depth(&white, &weights, params.directions, &mut rng);
        for (depth, all) in depth.iter_mut().zip(all) {
            *depth = depth.min(all * params.peg_depth());
        }
    }

    let mut order: Vec<usize> = (0..white.len()).collect();
    order.sort_by(|a, b| depth[*a].total_cmp(&depth[*b]).then(a.cmp(b)));
    let (tail, body) = order.split_at(usize::from(params.rows - params.body_rows));
    let (mut tail, mut body) = (tail.to_vec(), body.to_vec());
    tail.sort_unstable();
    body.sort_unstable();

    let mut rows: Vec<Row> = tail
        .iter()
        .map(|i| {
            let draw = &population.draws[*i];
            Row {
                weight: weights[*i],
                level: draw.level,
                z: draw.z.clone(),
                origin: Origin::Day {
                    day: draw.day,
                    basis: draw.basis,
                },
            }
        })
        .collect();
    rows.extend(body_rows(
        population,
        &weights,
        &white,
        &body,
        params.body_rows.into(),
        &mut rng,
    ));
    Ok(rows)
}

/// The draws in coordinates of unit covariance, the markets' own coordinates first.
fn whiten(population: &Population, markets: &[usize]) -> Result<Vec<Vec<f64>>, BuildError> {
    let columns = population.raw_sd.len();
    let mut order = markets.to_vec();
    order.extend((0..columns).filter(|c| !markets.contains(c)));
    let mut correlation = Matrix::zero(columns);
    for (i, from) in order.iter().enumerate() {
        for (j, to) in order.iter().enumerate() {
            *correlation.at_mut(i, j) = population.correlation.at(*from, *to);
        }
    }
    let factor = correlation.cholesky().ok_or(BuildError::Degenerate)?;
    let inverse = factor.lower_inverse();
    let ordered = |z: &[f64]| -> Vec<f64> { order.iter().map(|c| z[*c]).collect() };
    let white = population.draws.iter();
    Ok(white.map(|d| inverse.apply(&ordered(&d.z))).collect())
}

fn body_rows(
    population: &Population,
    weights: &[f64],
    white: &[Vec<f64>],
    body: &[usize],
    count: usize,
    rng: &mut SplitMix64,
) -> Vec<Row> {
    let markets = population.markets().len();
    let features: Vec<Vec<f64>> = body
        .iter()
        .map(|i| {
            let pegs = white[*i][markets..].iter().map(|x| PEG_WEIGHT * x);
            let own = white[*i][..markets].iter().copied();
            own.chain(pegs).collect()
        })
        .collect();
    let points: Vec<&[f64]> = features.iter().map(Vec::as_slice).collect();
    let member = cluster(&points, count, rng);
    let columns = population.raw_sd.len();
    let mut rows: Vec<Row> = Vec::new();
    for cell in 0..count {
        let ids = || {
            body.iter()
                .zip(&member)
                .filter(|(_, m)| **m == cell)
                .map(|(i, _)| *i)
        };
        let weight: f64 = ids().map(|i| weights[i]).sum();
        let mean = |value: &dyn Fn(usize) -> f64| {
            ids().map(|i| weights[i] * value(i)).sum::<f64>() / weight
        };
        rows.push(Row {
            weight,
            level: mean(&|i| population.draws[i].level),
            z: (0..columns)
                .map(|c| mean(&|i| population.draws[i].z[c]))
                .collect(),
            origin: Origin::Body {
                draws: ids().count() as u32,
            },
        });
    }
    // By the first column, so that two versions of a file can be compared line by line.
    rows.sort_by(|a, b| a.z[0].total_cmp(&b.z[0]));
    restore_covariance(population, weights, body, &mut rows);
    rows
}

/// Cluster means are less dispersed than their members: stretches them about the body's mean until their covariance is
/// the members'. Left to the final moment correction where either covariance is singular.
fn restore_covariance(population: &Population, weights: &[f64], body: &[usize], rows: &mut [Row]) {
    let points: Vec<_> = body
        .iter()
        .map(|i| population.draws[*i].z.clone())
        .collect();
    let body_weights: Vec<_> = body.iter().map(|i| weights[*i]).collect();
    let wanted = Moments::of(&points, &body_weights);
    let (means, mean_weights): (Vec<_>, Vec<_>) =
        rows.iter().map(|r| (r.z.clone(), r.weight)).unzip();
    let have = Moments::of(&means, &mean_weights);
    let (Some(wanted_factor), Some(have_factor)) =
        (wanted.covariance.cholesky(), have.covariance.cholesky())
    else {
        return;
    };
    let stretch = wanted_factor.times(&have_factor.lower_inverse());
    for row in rows {
        let centred: Vec<_> = row.z.iter().zip(&have.mean).map(|(z, m)| z - m).collect();
        row.z = stretch
            .apply(&centred)
            .iter()
            .zip(&wanted.mean)
            .map(|(z, m)| z + m)
            .collect();
    }
}

/// Lloyd's k-means with k-means++ starts (Arthur and Vassilvitskii 2007); returns every point's cell. No cell is empty:
/// one that empties takes over the point farthest from its own centre.
fn cluster(points: &[&[f64]], count: usize, rng: &mut SplitMix64) -> Vec<usize> {
    let mut centres: Vec<Vec<f64>> = vec![points[pick(points.len(), rng)].to_vec()];
    let mut near: Vec<f64> = points.iter().map(|p| distance(p, &centres[0])).collect();
    while centres.len() < count {
        let mut ball = rng.unit() * near.iter().sum::<f64>();
        let chosen = near.iter().position(|d| {
            ball -= d;
            ball < 0.0
        });
        let centre = points[chosen.unwrap_or_else(|| farthest(&near))].to_vec();
        for (d, p) in near.iter_mut().zip(points) {
            *d = d.min(distance(p, &centre));
        }
        centres.push(centre);
    }
    let mut member = vec![0; points.len()];
    for _ in 0..100 {
        let mut changed = false;
        for (at, point) in points.iter().enumerate() {
            let distances: Vec<f64> = centres.iter().map(|c| distance(point, c)).collect();
            let best = (0..count).min_by(|a, b| distances[*a].total_cmp(&distances[*b]));
            let best = best.unwrap_or(0);
            near[at] = distances[best];
            changed |= member[at] != best;
            member[at] = best;
        }
        for cell in 0..count {
            if !member.contains(&cell) {
                let far = farthest_of_shared(&near, &member, count);
                (member[far], near[far], changed) = (cell, 0.0, true);
            }
        }
        if !changed {
            break;
        }
        for (cell, centre) in centres.iter_mut().enumerate() {
            let size = member.iter().filter(|m| **m == cell).count() as f64;
            centre.fill(0.0);
            for (point, _) in points.iter().zip(&member).filter(|(_, m)| **m == cell) {
                for (c, x) in centre.iter_mut().zip(point.iter()) {
                    *c += x / size;
                }
            }
        }
    }
    member
}

fn pick(count: usize, rng: &mut SplitMix64) -> usize {
    ((rng.unit() * count as f64) as usize).min(count - 1)
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// The first of the farthest points, so that ties fall the same way everywhere.
fn farthest(near: &[f64]) -> usize {
    near.iter()
        .enumerate()
        .fold(0, |best, (i, d)| if *d > near[best] { i } else { best })
}

/// The farthest point among those whose cell has other members.
fn farthest_of_shared(near: &[f64], member: &[usize], count: usize) -> usize {
    let mut size = vec![0; count];
    for cell in member {
        size[*cell] += 1;
    }
    let shared: Vec<f64> = near
        .iter()
        .zip(member)
        .map(|(d, m)| if size[*m] > 1 { *d } else { -1.0 })
        .collect();
    farthest(&shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_find_separate_groups_and_none_is_empty() {
        let cloud: Vec<Vec<f64>> = (0..30)
            .map(|i| vec![f64::from(i / 10) * 10.0 + f64::from(i % 10) * 0.01])
            .collect();
        let points: Vec<&[f64]> = cloud.iter().map(Vec::as_slice).collect();
        let member = cluster(&points, 3, &mut SplitMix64::new(5));
        for group in member.chunks(10) {
            assert!(group.iter().all(|m| *m == group[0]));
        }
        let same = [[1.0].as_slice(); 4];
        let member = cluster(&same, 4, &mut SplitMix64::new(5));
        assert!((0..4).all(|cell| member.contains(&cell)));
    }
}
