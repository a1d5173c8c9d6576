//! The functions that can be called. A new one takes a number in [`Function`] and an arm in [`call`].

mod auction;
mod options;
mod portfolio;
mod rows;
mod scalar;

use crate::{Answer, Request, Tables};

/// A function of the library, by its number in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Function {
    Exp,
    LnRatio,
    EwmaUpdate,
    HorizonSigma,
    SimpleReturn,
    /// [`cep_risk::rows::losses`] of net exposures over the tables' columns.
    Losses,
    /// [`cep_risk::tail::expected_shortfall`] of such losses, at both tails.
    ExpectedShortfall,
    /// [`cep_risk::tail::expected_shortfall_of_linear`] of such exposures.
    ExpectedShortfallOfLinear,
    /// [`cep_risk::tail::expected_shortfall`] of losses that are drawn one by one, over the whole range.
    ExpectedShortfallOfAny,
    /// Every function of [`cep_risk::auction`] on one liquidation.
    Auction,
    /// [`cep_risk::Portfolio::evaluate`], of both kinds.
    Evaluate,
    /// [`cep_risk::Portfolio::isolated`], of both kinds.
    Isolated,
    /// [`cep_risk::black76::price`].
    BlackPrice,
    /// [`cep_risk::black76::greeks`].
    BlackGreeks,
    /// One level of [`cep_risk::curve::CurveBuilder`], with the set-up of the curve.
    CurveLevel,
    /// [`cep_risk::Portfolio::evaluate`] with options, of both kinds.
    EvaluateOptions,
}

impl Function {
    const ALL: [Self; 16] = [
        Self::Exp,
        Self::LnRatio,
        Self::EwmaUpdate,
        Self::HorizonSigma,
        Self::SimpleReturn,
        Self::Losses,
        Self::ExpectedShortfall,
        Self::ExpectedShortfallOfLinear,
        Self::ExpectedShortfallOfAny,
        Self::Auction,
        Self::Evaluate,
        Self::Isolated,
        Self::BlackPrice,
        Self::BlackGreeks,
        Self::CurveLevel,
        Self::EvaluateOptions,
    ];

    pub(crate) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }
}

pub(crate) fn call(request: &mut Request, tables: &Tables, answer: &mut Answer) {
    match request.function {
        Function::Exp => scalar::exp(request, answer),
        Function::LnRatio => scalar::ln_ratio(request, answer),
        Function::EwmaUpdate => scalar::ewma_update(request, answer),
        Function::HorizonSigma => scalar::horizon_sigma(request, answer),
        Function::SimpleReturn => scalar::simple_return(request, answer),
        Function::Losses => rows::losses(request, tables, answer),
        Function::ExpectedShortfall => rows::expected_shortfall(request, tables, answer),
        Function::ExpectedShortfallOfLinear => {
            rows::expected_shortfall_of_linear(request, tables, answer)
        }
        Function::ExpectedShortfallOfAny => {
            rows::expected_shortfall_of_any(request, tables, answer)
        }
        Function::Auction => auction::all(request, answer),
        Function::Evaluate => portfolio::evaluate(request, tables, answer),
        Function::Isolated => portfolio::isolated(request, tables, answer),
        Function::BlackPrice => options::price(request, answer),
        Function::BlackGreeks => options::greeks(request, answer),
        Function::CurveLevel => options::curve(request, answer),
        Function::EvaluateOptions => options::evaluate(request, tables, answer),
    }
}
