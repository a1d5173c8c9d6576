//! Small dense matrices and weighted moments; at most 8 x 8, so plain loops.

/// A square matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Matrix {
    n: usize,
    cells: Vec<f64>,
}

impl Matrix {
    /// All zeros.
    pub fn zero(n: usize) -> Self {
        Self {
            n,
            cells: vec![0.0; n * n],
        }
    }

    /// Number of rows.
    pub const fn size(&self) -> usize {
        self.n
    }

    /// One cell.
    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.cells[row * self.n + column]
    }

    pub(crate) fn at_mut(&mut self, row: usize, column: usize) -> &mut f64 {
        &mut self.cells[row * self.n + column]
    }

    /// Matrix times matrix.
    pub(crate) fn times(&self, other: &Self) -> Self {
        let mut product = Self::zero(self.n);
        for i in 0..self.n {
            for j in 0..self.n {
                *product.at_mut(i, j) = (0..self.n).map(|k| self.at(i, k) * other.at(k, j)).sum();
            }
        }
        product
    }

    /// Matrix times vector.
    pub(crate) fn apply(&self, vector: &[f64]) -> Vec<f64> {
        (0..self.n)
            .map(|i| (0..self.n).map(|k| self.at(i, k) * vector[k]).sum())
            .collect()
    }

    /// Lower triangular `L` with `L L' = self`; `None` unless positive definite.
    pub(crate) fn cholesky(&self) -> Option<Self> {
        let mut lower = Self::zero(self.n);
        for i in 0..self.n {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| lower.at(i, k) * lower.at(j, k)).sum();
                let rest = self.at(i, j) - dot;
                *lower.at_mut(i, j) = if i == j {
                    // A pivot this small is rounding noise: the columns are dependent.
                    if rest <= 1e-10 * self.at(i, i) {
                        return None;
                    }
                    rest.sqrt()
                } else {
                    rest / lower.at(j, j)
                };
            }
        }
        Some(lower)
    }

    /// Inverse of a lower triangular matrix with a nonzero diagonal.
    pub(crate) fn lower_inverse(&self) -> Self {
        let mut inverse = Self::zero(self.n);
        for j in 0..self.n {
            for i in j..self.n {
                let unit = if i == j { 1.0 } else { 0.0 };
                let dot: f64 = (j..i).map(|k| self.at(i, k) * inverse.at(k, j)).sum();
                *inverse.at_mut(i, j) = (unit - dot) / self.at(i, i);
            }
        }
        inverse
    }
}

/// Weighted mean and covariance of a cloud of points.
#[derive(Clone, Debug, PartialEq)]
pub struct Moments {
    /// Weighted mean per column.
    pub mean: Vec<f64>,
    /// Weighted covariance (population form: no degrees-of-freedom correction).
    pub covariance: Matrix,
}

impl Moments {
    /// Moments of `points` under `weights`, which need not sum to one.
    pub fn of(points: &[Vec<f64>], weights: &[f64]) -> Self {
        let n = points.first().map_or(0, Vec::len);
        let total: f64 = weights.iter().sum();
        let mut mean = vec![0.0; n];
        for (point, weight) in points.iter().zip(weights) {
            for (sum, x) in mean.iter_mut().zip(point) {
                *sum += weight * x / total;
            }
        }
        let mut covariance = Matrix::zero(n);
        for (point, weight) in points.iter().zip(weights) {
            for i in 0..n {
                for j in 0..n {
                    *covariance.at_mut(i, j) +=
                        weight * (point[i] - mean[i]) * (point[j] - mean[j]) / total;
                }
            }
        }
        Self { mean, covariance }
    }

    /// Standard deviation of one column.
    pub fn sd(&self, column: usize) -> f64 {
        self.covariance.at(column, column).sqrt()
    }

    /// The correlation matrix.
    pub fn correlation(&self) -> Matrix {
        let n = self.covariance.size();
        let mut correlation = Matrix::zero(n);
        for i in 0..n {
            for j in 0..n {
                let scale = self.sd(i) * self.sd(j);
                *correlation.at_mut(i, j) = if i == j {
                    1.0
                } else {
                    self.covariance.at(i, j) / scale
                };
            }
        }
        correlation
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Matrix {
        let mut matrix = Matrix::zero(3);
        let cells = [4.0, 2.0, 0.4, 2.0, 5.0, 1.5, 0.4, 1.5, 3.0];
        matrix.cells.copy_from_slice(&cells);
        matrix
    }

    #[test]
    fn a_factor_times_its_transpose_is_the_matrix() {
        let lower = sample().cholesky().unwrap();
        for i in 0..3 {
            for j in 0..3 {
                let product: f64 = (0..3).map(|k| lower.at(i, k) * lower.at(j, k)).sum();
                assert!((product - sample().at(i, j)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn an_inverse_undoes_its_factor() {
        let lower = sample().cholesky().unwrap();
        let unit = lower.lower_inverse().times(&lower);
        for i in 0..3 {
            for j in 0..3 {
                assert!((unit.at(i, j) - f64::from(u8::from(i == j))).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn dependent_columns_have_no_factor() {
        let mut matrix = Matrix::zero(2);
        matrix.cells.copy_from_slice(&[1.0, 1.0, 1.0, 1.0]);
        assert_eq!(matrix.cholesky(), None);
    }

    #[test]
    fn weights_count_as_repetitions() {
        let once = Moments::of(&[vec![1.0], vec![4.0]], &[1.0, 2.0]);
        let repeated = Moments::of(&[vec![1.0], vec![4.0], vec![4.0]], &[1.0; 3]);
        assert!((once.mean[0] - 3.0).abs() < 1e-12 && (once.sd(0) - repeated.sd(0)).abs() < 1e-12);
        assert!((once.covariance.at(0, 0) - 2.0).abs() < 1e-12);
    }
}
