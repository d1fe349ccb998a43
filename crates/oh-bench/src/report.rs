//! Rows of figures, as a table and as JSON.

use std::time::Duration;

use serde_json::{Value, json};

/// What a figure is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Budget {
    AtMost(f64),
    AtLeast(f64),
}

/// One measured thing.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) budget: Budget,
    /// The figure, or why there is none.
    pub(crate) measured: Result<f64, String>,
    /// What else is worth knowing.
    pub(crate) note: String,
}

#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) rows: Vec<Row>,
}

impl Row {
    fn verdict(&self) -> &'static str {
        match (&self.measured, self.budget) {
            (Err(_), _) => "not available",
            (Ok(figure), Budget::AtMost(limit)) if *figure <= limit => "held",
            (Ok(figure), Budget::AtLeast(limit)) if *figure >= limit => "held",
            (Ok(_), _) => "MISSED",
        }
    }

    fn cells(&self) -> [String; 5] {
        let budget = match self.budget {
            Budget::AtMost(limit) => format!("≤ {} {}", number(limit), self.unit),
            Budget::AtLeast(limit) => format!("≥ {} {}", number(limit), self.unit),
        };
        let (measured, note) = match &self.measured {
            Ok(figure) => (format!("{} {}", number(*figure), self.unit), self.note.clone()),
            Err(reason) => ("—".to_owned(), reason.clone()),
        };
        [self.name.to_owned(), budget, measured, self.verdict().to_owned(), note]
    }

    fn json(&self) -> Value {
        let (kind, limit) = match self.budget {
            Budget::AtMost(limit) => ("at_most", limit),
            Budget::AtLeast(limit) => ("at_least", limit),
        };
        json!({
            "name": self.name,
            "unit": self.unit,
            "budget": {kind: limit},
            "measured": self.measured.as_ref().ok(),
            "verdict": self.verdict(),
            "note": self.measured.as_ref().err().unwrap_or(&self.note),
        })
    }
}

impl Report {
    /// Returns the rows as an aligned table that is Markdown too.
    pub(crate) fn table(&self) -> String {
        let head = ["work", "budget", "measured", "verdict", "note"].map(str::to_owned);
        let rows: Vec<[String; 5]> =
            std::iter::once(head).chain(self.rows.iter().map(Row::cells)).collect();
        let widths: Vec<usize> = (0..5)
            .map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0))
            .collect();
        let mut text = String::new();
        for (at, row) in rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                text.push_str(&format!("| {cell:width$} "));
            }
            text.push_str("|\n");
            if at == 0 {
                for width in &widths {
                    text.push_str(&format!("|{}", "-".repeat(width + 2)));
                }
                text.push_str("|\n");
            }
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        format!("{:#}\n", json!({"rows": rows}))
    }
}

/// Returns a figure with as many places as matter.
fn number(figure: f64) -> String {
    if figure.fract() == 0.0 || figure.abs() >= 100.0 {
        format!("{figure:.0}")
    } else if figure.abs() >= 10.0 {
        format!("{figure:.1}")
    } else {
        format!("{figure:.2}")
    }
}

/// Returns the value below which a share of the values lies; 0 if there are none.
pub(crate) fn percentile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "an index of a short list"
    )]
    let at = ((sorted.len() as f64 * share).ceil() as usize).max(1) - 1;
    sorted.get(at).copied().unwrap_or(0.0)
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 0.5)
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_of_the_list() {
        let values: Vec<f64> = (1..=100).rev().map(f64::from).collect();
        assert_eq!((median(&values), percentile(&values, 0.99)), (50.0, 99.0));
        assert_eq!((median(&[3.0]), median(&[])), (3.0, 0.0));
    }

    #[test]
    fn verdicts_follow_the_budget() {
        fn check(budget: Budget, measured: Result<f64, String>, verdict: &str) {
            let row = Row { name: "x", unit: "ms", budget, measured, note: String::new() };
            assert_eq!(row.verdict(), verdict);
        }
        check(Budget::AtMost(5.0), Ok(5.0), "held");
        check(Budget::AtMost(5.0), Ok(5.1), "MISSED");
        check(Budget::AtLeast(5.0), Ok(4.9), "MISSED");
        check(Budget::AtLeast(5.0), Err("why".to_owned()), "not available");
    }
}
