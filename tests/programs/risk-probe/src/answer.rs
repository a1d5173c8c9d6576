//! What a request returned: values in the order of its calls, and the compute units they took.

use {crate::meter::Meter, cep_risk::RiskError};

/// Most bytes that a transaction can return.
const RETURN_DATA: usize = 1_024;
const END: u8 = 0xff;

/// Values and cost of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// Compute units inside the library, over all calls; zero in native code.
    pub units: u64,
    /// Returned values, little-endian. A refusal is one byte, 1 + the number of the [`RiskError`]; zero
    /// stands before values that came.
    pub values: Vec<u8>,
}

impl Answer {
    /// Runs the library's function and counts its units.
    pub(crate) fn metered<T>(&mut self, call: impl FnOnce() -> T) -> T {
        let meter = Meter::start();
        let result = call();
        self.units = self.units.wrapping_add(meter.stop());
        result
    }

    pub(crate) fn put(&mut self, value: i64) {
        if self.values.is_empty() {
            // Once, as memory on chain is never freed.
            self.values.reserve(RETURN_DATA);
        }
        self.values.extend_from_slice(&value.to_le_bytes());
    }

    pub(crate) fn put_unsigned(&mut self, value: u64) {
        self.put(value.cast_signed());
    }

    pub(crate) fn put_result<T>(
        &mut self,
        result: Result<T, RiskError>,
        values: impl FnOnce(&mut Self, T),
    ) {
        match result {
            Ok(value) => {
                self.values.push(0);
                values(self, value);
            }
            Err(error) => self.values.push(1 + error as u8),
        }
    }

    /// What the program returns: units, values, and a last byte that is not zero, since clients cut
    /// zeros off the end.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(9 + self.values.len());
        bytes.extend_from_slice(&self.units.to_le_bytes());
        bytes.extend_from_slice(&self.values);
        bytes.push(END);
        bytes
    }

    /// The inverse of [`Answer::to_bytes`].
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (units, rest) = bytes.split_first_chunk()?;
        let (end, values) = rest.split_last()?;
        (*end == END).then(|| Self {
            units: u64::from_le_bytes(*units),
            values: values.to_vec(),
        })
    }
}
