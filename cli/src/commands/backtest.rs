use {
    crate::{Failure, Outcome, Output},
    cep_backtest::{BacktestError, Book, Config, Extreme, PriceSeries, Report, Series, walk},
    cep_scenarios::PriceHistory,
    clap::Args,
    std::{
        fmt::Write as _,
        fs,
        path::{Path, PathBuf},
    },
};

/// Walk price history with only what was known at each time, and test the requirement against the losses that followed
#[derive(Args)]
pub struct Backtest {
    /// CSV of prices: first column a date or time, then <sym>_open, _high, _low, _close (_open may be absent)
    #[arg(long)]
    prices: PathBuf,
    /// JSON of contracts per underlying, like {"BTC": 1.0, "ETH": -20.0}
    #[arg(long)]
    book: PathBuf,
    /// Confidence of Expected Shortfall and Value at Risk
    #[arg(long, default_value_t = 0.99)]
    confidence: f64,
    /// Horizon; a whole number of the file's bars
    #[arg(long, default_value_t = 24)]
    horizon_hours: u32,
    /// CSV of daily prices from before (and beside) the walk, for the scenario sets and the first volatility
    #[arg(long)]
    history: Option<PathBuf>,
}

pub fn run(args: Backtest) -> Outcome {
    let book = book(&args.book)?;
    let series = PriceSeries::open(&args.prices, &book.symbols()).map_err(failure)?;
    let history = args.history.as_deref().map(PriceHistory::open).transpose();
    let history = history.map_err(|error| Failure::Input(format!("--history: {error}")))?;
    let config = Config {
        confidence: args.confidence,
        horizon_hours: args.horizon_hours,
        ..Config::default()
    };
    let walk = walk(&series, history.as_ref(), &book, &config).map_err(failure)?;
    let report = Report::of(&walk);
    Ok(Output {
        text: describe(&report)?,
        json: serde_json::to_value(report)?,
    })
}

fn book(path: &Path) -> Result<Book, Failure> {
    let refuse = |what: String| Failure::Input(format!("--book: {}: {what}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| refuse(error.to_string()))?;
    let entries: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|error| refuse(error.to_string()))?;
    let number = |(name, value): (&'_ String, &serde_json::Value)| {
        let quantity = value.as_f64();
        quantity.ok_or_else(|| refuse(format!("{name}: `{value}` is not a number of contracts")))
    };
    let quantities = entries.iter().map(number).collect::<Result<Vec<_>, _>>()?;
    Book::contracts(entries.keys().map(String::as_str).zip(quantities)).map_err(refuse)
}

fn failure(error: BacktestError) -> Failure {
    let field = match error {
        BacktestError::Confidence(_) => "--confidence",
        BacktestError::Horizon { .. } => "--horizon-hours",
        BacktestError::EmptyBook | BacktestError::Quantity { .. } => "--book",
        BacktestError::HistoryColumn(_) | BacktestError::Prices(_) => "--history",
        BacktestError::Io(_)
        | BacktestError::Line { .. }
        | BacktestError::MissingColumn(_)
        | BacktestError::TooShort(_)
        | BacktestError::OffGrid { .. }
        | BacktestError::Price { .. } => "--prices",
        BacktestError::NoObservation { .. } | BacktestError::Build(_) | BacktestError::Risk(_) => {
            return Failure::Refused(error.into());
        }
    };
    Failure::Input(format!("{field}: {error}"))
}

fn describe(r: &Report) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    let percent = r.confidence * 100.0;
    writeln!(
        text,
        "walked          {} to {}, {} h ahead, {} scenario sets",
        r.from, r.to, r.horizon_hours, r.sets[0]
    )?;
    writeln!(
        text,
        "observations    {} (horizons do not overlap)",
        r.observations
    )?;
    writeln!(
        text,
        "\nrequirement: Expected Shortfall at {percent} %, what the protocol charges"
    )?;
    describe_series(&mut text, &r.requirement)?;
    writeln!(
        text,
        "\nmodel: Value at Risk at {percent} % of the same scenarios"
    )?;
    describe_series(&mut text, &r.var)?;
    let z2 = r.z2;
    writeln!(
        text,
        "Z2 of ES        {:.3}  p {:.4}  (0 expected, below {:.2} rejects at 5 %)",
        z2.statistic, z2.p_value, z2.critical
    )?;
    let p = r.procyclicality;
    writeln!(
        text,
        "\npeak-to-trough  {:.2} ({:.2} % to {:.2} % of gross notional); largest rise {:.1} % in a day, {:.1} % in five",
        p.peak_to_trough,
        p.trough * 100.0,
        p.peak * 100.0,
        p.rise_1d * 100.0,
        p.rise_5d * 100.0
    )?;
    write!(
        text,
        "inside horizon  {} horizons lost more at their worst moment than was required (an upper bound for mixed books)",
        r.intra_horizon_exceptions
    )?;
    if let Some(Extreme {
        at,
        requirement,
        loss,
        worst,
    }) = r.overlapping.worst
    {
        write!(
            text,
            "\nworst           from {at}: required {:.2} %, lost {:.2} % to the close, {:.2} % inside",
            requirement * 100.0,
            loss * 100.0,
            worst * 100.0
        )?;
    }
    Ok(text)
}

fn describe_series(text: &mut String, s: &Series) -> std::fmt::Result {
    let (kupiec, c) = (s.kupiec, s.christoffersen);
    writeln!(
        text,
        "exceptions      {} ({:.1} expected, Kupiec allows up to {} at 95 %)",
        s.exceptions, kupiec.expected, kupiec.most_allowed
    )?;
    writeln!(
        text,
        "Kupiec          {:.3}  p {:.4}",
        kupiec.statistic, kupiec.p_value
    )?;
    writeln!(
        text,
        "Christoffersen  independence {:.3}  p {:.4}; conditional coverage {:.3}  p {:.4}",
        c.independence.statistic,
        c.independence.p_value,
        c.conditional_coverage.statistic,
        c.conditional_coverage.p_value
    )
}
