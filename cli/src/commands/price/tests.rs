use super::*;

const BITCOIN: Request = Request {
    kind: Kind::Call,
    forward: 73_500.0,
    strike: 70_000.0,
    seconds: 4_376_412.0,
    vol: 0.52,
    rate: 0.0,
};

fn written(lines: &str) -> (Result<(), String>, Vec<Value>) {
    let mut out = Vec::new();
    let result = batch(lines.as_bytes(), &mut out).map_err(|failure| match failure {
        Failure::Input(sentence) => sentence,
        Failure::Refused(error) => format!("refused: {error}"),
    });
    let text = String::from_utf8(out).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str(line).unwrap());
    (result, answers.collect())
}

#[test]
fn a_bitcoin_call_has_its_textbook_value() {
    // In 50-digit arithmetic. The volatility is rounded to 2⁻³² on the way in: 1.2 x 10⁻¹⁰ of it.
    let got = BITCOIN.answer().unwrap();
    assert!(
        (got.price - 7_460.299_902_148_2).abs() < 2e-6,
        "{}",
        got.price
    );
    assert!((got.delta - 0.636_351_988_336_52).abs() < 1e-9);
    assert!((got.gamma - 0.000_026_366_746_922_896).abs() < 1e-14);
    assert!((got.vega - 10_278.888_752_597).abs() < 3e-6);
    assert!((got.theta + 52.761_247_555_840).abs() < 1e-7);
}

#[test]
fn prices_scale_with_the_forward_from_a_billionth_to_a_billion() {
    let whole = BITCOIN.answer().unwrap();
    for digits in -13..=7 {
        let scale = 10f64.powi(digits);
        let (forward, strike) = (BITCOIN.forward * scale, BITCOIN.strike * scale);
        let got = Request {
            forward,
            strike,
            ..BITCOIN
        }
        .answer()
        .unwrap();
        assert!((got.price / scale - whole.price).abs() < 1e-11 * BITCOIN.forward);
        assert!((got.vega / scale - whole.vega).abs() < 1e-11 * BITCOIN.forward);
        assert!((got.delta - whole.delta).abs() < 1e-9);
        assert!((got.gamma * scale - whole.gamma).abs() < 1e-13);
    }
}

#[test]
fn a_strong_negative_rate_is_priced_over_ten_years() {
    let request = Request {
        seconds: 315_360_000.0,
        rate: -1.0,
        ..BITCOIN
    };
    let put = Request {
        kind: Kind::Put,
        ..request
    }
    .answer()
    .unwrap();
    let call = request.answer().unwrap();
    let parity = 10f64.exp() * 3_500.0;
    assert!((call.price - put.price - parity).abs() < 1e-6 * parity);
}

#[test]
fn each_field_out_of_range_is_named() {
    let cases = [
        (
            "forward",
            Request {
                forward: 0.0,
                ..BITCOIN
            },
        ),
        (
            "forward",
            Request {
                forward: f64::NAN,
                ..BITCOIN
            },
        ),
        (
            "forward",
            Request {
                forward: f64::INFINITY,
                ..BITCOIN
            },
        ),
        (
            "strike",
            Request {
                strike: -1.0,
                ..BITCOIN
            },
        ),
        (
            "strike",
            Request {
                strike: 0.5,
                ..BITCOIN
            },
        ),
        (
            "seconds",
            Request {
                seconds: -1.0,
                ..BITCOIN
            },
        ),
        (
            "seconds",
            Request {
                seconds: 1e9,
                ..BITCOIN
            },
        ),
        (
            "vol",
            Request {
                vol: 0.04,
                ..BITCOIN
            },
        ),
        (
            "vol",
            Request {
                vol: 10.1,
                ..BITCOIN
            },
        ),
        (
            "rate",
            Request {
                rate: 1.1,
                ..BITCOIN
            },
        ),
    ];
    for (field, request) in cases {
        assert_eq!(request.answer().err().unwrap().field, field);
    }
    for (vol, rate) in [(0.05, -1.0), (10.0, 1.0)] {
        assert!(
            Request {
                vol,
                rate,
                ..BITCOIN
            }
            .answer()
            .is_ok()
        );
    }
}

#[test]
fn a_batch_answers_line_by_line_and_stops_at_a_bad_line() {
    let good = r#"{"kind":"put","forward":100,"strike":100,"seconds":31536000,"vol":0.2}"#;
    let (result, answers) = written(&format!("{good}\n\n{good}\n"));
    assert_eq!(result, Ok(()));
    assert_eq!(answers.len(), 2);
    // 100 (2 N(0.1) - 1).
    assert!((answers[1]["price"].as_f64().unwrap() - 7.965_567_455_405_804).abs() < 1e-8);
    for name in ["delta", "gamma", "vega", "theta"] {
        assert!(answers[0][name].is_f64());
    }
    for (line, field) in [
        (good.replace("put", "straddle"), "kind"),
        (good.replace("\"kind\":\"put\",", ""), "kind"),
        (
            good.replace("\"strike\":100", "\"strike\":\"100\""),
            "strike",
        ),
        (good.replace("\"vol\":0.2", "\"vol\":null"), "vol"),
        (good.replace("seconds", "second"), "second"),
        (good.replace("31536000", "-1"), "seconds"),
        ("[1, 2]".to_owned(), "JSON"),
        ("{".to_owned(), "JSON"),
    ] {
        let (result, answers) = written(&format!("{good}\n{line}\n{good}\n"));
        let sentence = result.unwrap_err();
        assert!(
            sentence.starts_with(&format!("line 2: {field}: ")),
            "{sentence}"
        );
        assert_eq!(answers.len(), 1);
    }
}

#[test]
fn figures_have_eight_digits() {
    assert_eq!(figure(4_321.123_456_78), "4321.1235");
    assert_eq!(figure(-0.000_012_345_678_9), "-0.000012345679");
    assert_eq!(figure(0.0), "0");
}
