use {
    crate::{Failure, Outcome, Output},
    cep_risk::MarginParams,
    cep_scenarios::ScenarioSet,
    cep_whatif::{Answer, Model, WhatIfError, margin},
    clap::Args,
    serde::de::DeserializeOwned,
    std::{
        fs,
        path::{Path, PathBuf},
    },
};

#[derive(Args)]
pub struct Margin {
    /// JSON: time, underlyings, instruments
    #[arg(long)]
    market: PathBuf,
    /// JSON: cash, collateral, positions
    #[arg(long)]
    portfolio: PathBuf,
    /// Scenario set; the one that ships with the project when absent
    #[arg(long)]
    scenarios: Option<PathBuf>,
}

pub fn run(args: Margin) -> Outcome {
    let market = read("--market", &args.market)?;
    let portfolio = read("--portfolio", &args.portfolio)?;
    let set = match &args.scenarios {
        None => ScenarioSet::shipped()?,
        Some(path) => super::scenarios::read(path)?,
    };
    let answer = Model::new(&market, &set)
        .and_then(|model| margin(&model, &portfolio, &set, &MarginParams::STANDARD))
        .map_err(|error| match error {
            WhatIfError::Field { .. } => Failure::Input(error.to_string()),
            refused => refused.into(),
        })?;
    Ok(Output {
        text: describe(&answer),
        json: serde_json::to_value(&answer)?,
    })
}

fn read<T: DeserializeOwned>(option: &str, path: &Path) -> Result<T, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Input(format!(
            "{option}: {} cannot be read: {error}",
            path.display()
        ))
    })?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::Input(format!("{option}: {}: {error}", path.display())))
}

fn describe(a: &Answer) -> String {
    let health = a
        .health_factor
        .map_or_else(|| "nothing is required".into(), |h| format!("{h:.2}"));
    let mut lines = vec![
        format!("equity               {:>16.2} USD", a.equity),
        format!("initial margin       {:>16.2}", a.initial),
        format!("maintenance margin   {:>16.2}", a.maintenance),
        format!("health factor        {health:>16}"),
        format!("ES 99 %              {:>16.2}", a.es_99),
        format!("ES 97.5 %            {:>16.2}", a.es_975),
        format!(
            "worst scenario       {:>16.2}  {}",
            a.worst.loss, a.worst.scenario
        ),
        format!(
            "add-ons              {:>16.2}  concentration {:.2}, oracle {:.2}, basis {:.2}, short options {:.2}",
            a.addons.concentration + a.addons.oracle + a.addons.basis + a.addons.short_option,
            a.addons.concentration,
            a.addons.oracle,
            a.addons.basis,
            a.addons.short_option
        ),
        format!("one by one           {:>16.2}", a.isolated),
    ];
    for (symbol, g) in &a.greeks {
        lines.push(format!(
            "{symbol:<8} delta {:.4}  gamma {:.3e}  vega {:.2}  theta {:.2}",
            g.delta, g.gamma, g.vega, g.theta
        ));
    }
    for part in &a.contributions {
        lines.push(format!("{:>16.2} of ES 99 %  {}", part.es_99, part.holding));
    }
    lines.join("\n")
}
