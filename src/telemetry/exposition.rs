//! Metrics as text: Prometheus' own format and OpenMetrics 1.0.
//!
//! The library writes the first alone. Both are written here, so that a bucket's `le` is the same word
//! in both (`1.0`, where the library writes `1`): a query by bucket then holds whichever one a
//! scraper asks for.

use std::fmt::{self, Write};

use prometheus::proto::{LabelPair, Metric, MetricFamily, MetricType};

/// The form of a scrape's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// Prometheus' text format 0.0.4.
    Text,
    /// OpenMetrics 1.0.0.
    OpenMetrics,
}

impl Exposition {
    /// The media type of the answer.
    pub fn media_type(self) -> &'static str {
        match self {
            Exposition::Text => "text/plain; version=0.0.4; charset=utf-8",
            Exposition::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// Units that OpenMetrics is told of, where a family's name ends with one.
const UNITS: [&str; 3] = ["seconds", "bytes", "cores"];

/// Writes all families.
///
/// # Errors
/// Where one is of a kind that the table does not have.
pub(super) fn write(families: &[MetricFamily], form: Exposition) -> prometheus::Result<String> {
    // A little more than what a busy process says.
    let mut out = String::with_capacity(96 << 10);
    for family in families {
        let kind = kind(family)?;
        Writer {
            out: &mut out,
            form,
        }
        .family(family, kind)
        .map_err(|error| prometheus::Error::Msg(error.to_string()))?;
    }
    if form == Exposition::OpenMetrics {
        out.push_str("# EOF\n");
    }
    Ok(out)
}

pub(super) fn kind(family: &MetricFamily) -> prometheus::Result<&'static str> {
    match family.get_field_type() {
        MetricType::COUNTER => Ok("counter"),
        MetricType::GAUGE => Ok("gauge"),
        MetricType::HISTOGRAM => Ok("histogram"),
        other => {
            let name = family.name();
            let text = format!("expected {name} to count, gauge or sort, found {other:?}");
            Err(prometheus::Error::Msg(text))
        }
    }
}

struct Writer<'a> {
    out: &'a mut String,
    form: Exposition,
}

impl Writer<'_> {
    fn family(&mut self, family: &MetricFamily, kind: &str) -> fmt::Result {
        let sample = family.name();
        let (name, kind) = self.named(sample, kind);
        write!(self.out, "# HELP {name} ")?;
        self.escaped(family.help(), self.form == Exposition::OpenMetrics)?;
        writeln!(self.out, "\n# TYPE {name} {kind}")?;
        let unit = UNITS.into_iter().find(|unit| {
            let stem = name.strip_suffix(unit);
            stem.is_some_and(|stem| stem.ends_with('_'))
        });
        if let Some(unit) = unit.filter(|_| self.form == Exposition::OpenMetrics) {
            writeln!(self.out, "# UNIT {name} {unit}")?;
        }
        family
            .get_metric()
            .iter()
            .try_for_each(|metric| match kind {
                "histogram" => self.histogram(sample, metric),
                "counter" => self.sample(sample, metric, None, metric.get_counter().get_value()),
                _ => self.sample(sample, metric, None, metric.get_gauge().get_value()),
            })
    }

    /// The family's name and kind. OpenMetrics leaves out the endings that its kinds give to samples,
    /// and has a kind for what only names things.
    fn named<'n>(&self, sample: &'n str, kind: &'n str) -> (&'n str, &'n str) {
        if self.form == Exposition::Text {
            return (sample, kind);
        }
        match kind {
            "counter" => (sample.strip_suffix("_total").unwrap_or(sample), kind),
            "gauge" => match sample.strip_suffix("_info") {
                Some(name) => (name, "info"),
                None => (sample, kind),
            },
            _ => (sample, kind),
        }
    }

    fn histogram(&mut self, name: &str, metric: &Metric) -> fmt::Result {
        let histogram = metric.get_histogram();
        let count = histogram.get_sample_count();
        let bucket = format!("{name}_bucket");
        for part in histogram.get_bucket() {
            let upper = Some(part.upper_bound()).filter(|upper| upper.is_finite());
            let Some(upper) = upper else { continue };
            // Exact: nothing is counted up to 2^53.
            self.sample(&bucket, metric, Some(upper), part.cumulative_count() as f64)?;
        }
        self.sample(&bucket, metric, Some(f64::INFINITY), count as f64)?;
        self.sample(
            &format!("{name}_sum"),
            metric,
            None,
            histogram.get_sample_sum(),
        )?;
        self.sample(&format!("{name}_count"), metric, None, count as f64)
    }

    fn sample(&mut self, name: &str, metric: &Metric, le: Option<f64>, value: f64) -> fmt::Result {
        self.out.push_str(name);
        self.labels(metric.get_label(), le)?;
        self.out.push(' ');
        self.number(value)?;
        self.out.push('\n');
        Ok(())
    }

    fn labels(&mut self, pairs: &[LabelPair], le: Option<f64>) -> fmt::Result {
        let mut before = '{';
        for pair in pairs {
            write!(self.out, "{before}{}=\"", pair.name())?;
            self.escaped(pair.value(), true)?;
            self.out.push('"');
            before = ',';
        }
        if let Some(le) = le {
            write!(self.out, "{before}le=\"")?;
            self.number(le)?;
            if le.is_finite() && le.fract() == 0.0 {
                self.out.push_str(".0");
            }
            self.out.push('"');
            before = ',';
        }
        if before == ',' {
            self.out.push('}');
        }
        Ok(())
    }

    /// A number as Go's programs write it, which OpenMetrics calls canonical: 1e-06, +Inf.
    fn number(&mut self, value: f64) -> fmt::Result {
        if value.is_infinite() {
            self.out.push_str(if value > 0.0 { "+Inf" } else { "-Inf" });
            return Ok(());
        }
        if value == 0.0 || value.abs() >= 1e-4 || value.is_nan() {
            return write!(self.out, "{value}");
        }
        // Rust writes 1e-6, with as many digits of the exponent as there are.
        let scientific = format!("{value:e}");
        match scientific.split_once("e-") {
            Some((digits, exponent)) => write!(self.out, "{digits}e-{exponent:0>2}"),
            None => write!(self.out, "{scientific}"),
        }
    }

    fn escaped(&mut self, text: &str, quotes: bool) -> fmt::Result {
        for c in text.chars() {
            match c {
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '"' if quotes => self.out.push_str("\\\""),
                _ => self.out.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prometheus::{
        Gauge, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry,
    };

    fn families() -> Vec<MetricFamily> {
        let registry = Registry::new();
        let counter =
            IntCounterVec::new(Opts::new("a_bytes_total", "Bytes \"in\" \\ out."), &["way"]);
        let counter = counter.expect("a counter");
        counter.with_label_values(&["in\n\"\\"]).inc_by(7);
        let opts = HistogramOpts::new("b_seconds", "Times.").buckets(vec![1e-6, 0.25, 1.0]);
        let histogram = HistogramVec::new(opts, &["stage"]).expect("a histogram");
        histogram.with_label_values(&["x"]).observe(0.25);
        histogram.with_label_values(&["x"]).observe(0.5);
        histogram.with_label_values(&["x"]).observe(9.0);
        let info = IntGaugeVec::new(Opts::new("c_info", "Names."), &["name"]).expect("a gauge");
        info.with_label_values(&["n"]).set(1);
        let gauge = Gauge::new("d_ratio", "A share.").expect("a gauge");
        gauge.set(0.000_025);
        registry.register(Box::new(counter)).expect("new");
        registry.register(Box::new(histogram)).expect("new");
        registry.register(Box::new(info)).expect("new");
        registry.register(Box::new(gauge)).expect("new");
        registry.gather()
    }

    #[test]
    fn text_is_written() {
        let text = write(&families(), Exposition::Text).expect("known kinds");
        let expected = r#"# HELP a_bytes_total Bytes "in" \\ out.
# TYPE a_bytes_total counter
a_bytes_total{way="in\n\"\\"} 7
# HELP b_seconds Times.
# TYPE b_seconds histogram
b_seconds_bucket{stage="x",le="1e-06"} 0
b_seconds_bucket{stage="x",le="0.25"} 1
b_seconds_bucket{stage="x",le="1.0"} 2
b_seconds_bucket{stage="x",le="+Inf"} 3
b_seconds_sum{stage="x"} 9.75
b_seconds_count{stage="x"} 3
# HELP c_info Names.
# TYPE c_info gauge
c_info{name="n"} 1
# HELP d_ratio A share.
# TYPE d_ratio gauge
d_ratio 2.5e-05
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn open_metrics_is_written() {
        let text = write(&families(), Exposition::OpenMetrics).expect("known kinds");
        let expected = r#"# HELP a_bytes Bytes \"in\" \\ out.
# TYPE a_bytes counter
# UNIT a_bytes bytes
a_bytes_total{way="in\n\"\\"} 7
# HELP b_seconds Times.
# TYPE b_seconds histogram
# UNIT b_seconds seconds
b_seconds_bucket{stage="x",le="1e-06"} 0
b_seconds_bucket{stage="x",le="0.25"} 1
b_seconds_bucket{stage="x",le="1.0"} 2
b_seconds_bucket{stage="x",le="+Inf"} 3
b_seconds_sum{stage="x"} 9.75
b_seconds_count{stage="x"} 3
# HELP c Names.
# TYPE c info
c_info{name="n"} 1
# HELP d_ratio A share.
# TYPE d_ratio gauge
d_ratio 2.5e-05
# EOF
"#;
        assert_eq!(text, expected);
    }

    #[test]
    fn numbers_are_written_as_go_does() {
        for (value, expected) in [
            (0.0, "0"),
            (1.0, "1"),
            (1e-4, "0.0001"),
            (9.9e-5, "9.9e-05"),
            (-2.5e-11, "-2.5e-11"),
            (1.5e15, "1500000000000000"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            let mut out = String::new();
            let form = Exposition::Text;
            let written = Writer {
                out: &mut out,
                form,
            }
            .number(value);
            assert_eq!((written, out.as_str()), (Ok(()), expected));
        }
    }
}
