//! The ledger as tables in a page.

use {
    crate::{Ledger, compare::BUDGETS},
    anyhow::{Context, Result},
    cep_tests::bare::chain,
    std::fmt::Write,
};

const BEGIN: &str = "<!-- ledger: begin (written by `cargo xtask bench`) -->\n";
const END: &str = "<!-- ledger: end -->";

/// Bytes of the account that holds a program's code beside the code, and of the one that names it.
const PROGRAM_DATA_HEADER: usize = 45;
const PROGRAM_ACCOUNT: usize = 36;

/// The page with the tables of this ledger between its markers.
pub fn insert(page: &str, ledger: &Ledger) -> Result<String> {
    let missing = "docs/compute.md has lost the markers of its tables";
    let (before, rest) = page.split_once(BEGIN).context(missing)?;
    let (_, after) = rest.split_once(END).context(missing)?;
    Ok(format!("{before}{BEGIN}{}{END}{after}", render(ledger)))
}

pub fn render(ledger: &Ledger) -> String {
    let mut out = String::new();
    for (title, figures) in [
        ("shape", &ledger.shapes),
        ("instruction", &ledger.instructions),
        ("function of the risk library", &ledger.functions),
    ] {
        writeln!(
            out,
            "\n| {title} | compute units | budget |\n|---|---:|---:|"
        )
        .unwrap();
        for (name, figure) in figures {
            let budget = BUDGETS.iter().find(|(_, n, _)| n == name);
            let budget = budget.map_or(String::new(), |(_, _, most)| grouped(*most));
            writeln!(out, "| `{name}` | {} | {budget} |", grouped(*figure)).unwrap();
        }
    }
    writeln!(
        out,
        "\n| program | bytes | deployment, lamports |\n|---|---:|---:|"
    )
    .unwrap();
    for (name, bytes) in &ledger.binaries {
        let (bytes, cost) = (grouped(*bytes), grouped(deployment(*bytes)));
        writeln!(out, "| `{name}` | {bytes} | {cost} |").unwrap();
    }
    out.push('\n');
    out
}

/// Rent that the two accounts of a deployed program hold for as long as it exists.
fn deployment(bytes: u64) -> u64 {
    let svm = chain();
    let data = PROGRAM_DATA_HEADER + usize::try_from(bytes).unwrap();
    svm.minimum_balance_for_rent_exemption(data)
        + svm.minimum_balance_for_rent_exemption(PROGRAM_ACCOUNT)
}

/// 1234567 as 1,234,567.
fn grouped(figure: u64) -> String {
    let digits = figure.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_grouped_by_thousands() {
        let cases = [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ];
        for (figure, text) in cases {
            assert_eq!(grouped(figure), text);
        }
    }

    #[test]
    fn only_what_stands_between_the_markers_is_replaced() {
        let page = format!("before {BEGIN}old{END} after");
        let new = insert(&page, &Ledger::default()).unwrap();
        assert!(new.starts_with("before ") && new.ends_with(" after") && !new.contains("old"));
        assert_eq!(insert(&new, &Ledger::default()).unwrap(), new);
        assert!(insert("no markers", &Ledger::default()).is_err());
    }
}
