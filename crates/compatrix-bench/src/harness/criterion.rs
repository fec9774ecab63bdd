//! criterion's files: `FOLDER/new/{benchmark,sample}.json` of a fresh `CRITERION_HOME`, as versions 0.3 to 0.8 write them.
//!
//! Which measurement was taken is in none of the files, so wall time is assumed, which is criterion's default.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::harness::checked;
use crate::measured::{Measured, Reading, Throughput};

/// The parts of `benchmark.json` that are needed. The folder is no name: it is cut after 64 bytes.
#[derive(Deserialize)]
#[serde(expecting = "an object with `full_id`")]
struct Benchmark {
    full_id: String,
    #[serde(default)]
    throughput: Option<Value>,
}

/// The parts of `sample.json` that are needed. serde_json writes NaN as null.
#[derive(Deserialize)]
#[serde(expecting = "an object with `iters` and `times`")]
struct Sample {
    iters: Vec<Option<f64>>,
    times: Vec<Option<f64>>,
}

/// The files of a bench.
#[derive(Default)]
struct Files<'a> {
    benchmark: Option<&'a str>,
    sample: Option<&'a str>,
}

/// What criterion reports in these files, by their paths below `CRITERION_HOME`.
pub fn reading(files: &BTreeMap<String, String>) -> Reading {
    let mut folders: BTreeMap<String, Files<'_>> = BTreeMap::new();
    for (path, text) in files {
        let path = path.replace('\\', "/");
        let mut parts = path.rsplitn(3, '/');
        let (name, folder) = (parts.next(), parts.next());
        if folder != Some("new") {
            continue;
        }
        let of = folders.entry(parts.next().unwrap_or_default().to_owned()).or_default();
        match name {
            Some("benchmark.json") => of.benchmark = Some(text),
            Some("sample.json") => of.sample = Some(text),
            _ => {}
        }
    }
    let mut reading = Reading::default();
    for (folder, files) in folders {
        read(&mut reading, &folder, &files);
    }
    checked::only_once(&mut reading);
    reading
}

fn read(reading: &mut Reading, folder: &str, files: &Files<'_>) {
    let place = |name: &str| format!("{folder}/new/{name}");
    let (benchmark_json, sample_json) = (place("benchmark.json"), place("sample.json"));
    let Some(benchmark) = files.benchmark else {
        return checked::trouble(reading, None, &benchmark_json, "the file is missing, so the bench's name is unknown");
    };
    let benchmark: Benchmark = match serde_json::from_str(benchmark) {
        Ok(benchmark) => benchmark,
        Err(error) => return checked::trouble(reading, None, &benchmark_json, &unreadable(&error)),
    };
    let bench = benchmark.full_id.as_str();
    let Some(sample) = files.sample else {
        return checked::trouble(reading, Some(bench), &sample_json, "the file is missing");
    };
    let sample: Sample = match serde_json::from_str(sample) {
        Ok(sample) => sample,
        Err(error) => return checked::trouble(reading, Some(bench), &sample_json, &unreadable(&error)),
    };
    match samples(&sample) {
        Ok(samples) => {
            // Only then is a sample one operation.
            let raw = sample.iters.iter().all(|iterations| *iterations == Some(1.0));
            let throughput = benchmark.throughput.as_ref().and_then(throughput);
            checked::add(reading, &sample_json, Measured { raw, throughput, ..checked::time(bench, samples) });
        }
        Err(why) => checked::trouble(reading, Some(bench), &sample_json, &why),
    }
}

fn unreadable(error: &serde_json::Error) -> String {
    format!("cannot be read as a file of criterion: {error}")
}

/// Nanoseconds for an iteration.
fn samples(sample: &Sample) -> Result<Vec<f64>, String> {
    let (iterations, times) = (sample.iters.len(), sample.times.len());
    if iterations != times {
        return Err(format!("has {times} times for {iterations} numbers of iterations"));
    }
    if times == 1 {
        // Even `--quick` takes two.
        return Err("has one sample, so criterion did not write it, or was stopped".to_owned());
    }
    let pairs = sample.iters.iter().zip(&sample.times).enumerate();
    let average = |(n, (iterations, time)): (usize, (&Option<f64>, &Option<f64>))| match (iterations, time) {
        (Some(iterations), Some(time)) if *iterations > 0.0 => Ok(time / iterations),
        (Some(iterations), Some(_)) => Err(format!("sample {} has {iterations} iterations", n + 1)),
        (None, _) | (_, None) => Err(format!("sample {} is no number (null)", n + 1)),
    };
    pairs.map(average).collect()
}

/// `{"Elements": 10}` and so on. Of both elements and bytes, criterion puts elements first, too.
fn throughput(value: &Value) -> Option<Throughput> {
    let (kind, count) = value.as_object()?.iter().next()?;
    let (count, unit) = match kind.as_str() {
        "Elements" => (count, "elements"),
        "Bytes" | "BytesDecimal" => (count, "B"),
        "Bits" => (count, "bit"),
        "ElementsAndBytes" => (count.get("elements")?, "elements"),
        _ => return None,
    };
    // Zero elements are no throughput, and no reason to drop the time.
    let count = count.as_f64().filter(|count| *count > 0.0)?;
    Some(Throughput { count, unit: unit.to_owned() })
}
