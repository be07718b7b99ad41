//! The commands about a search's strategy, by the real binary, at a tiny size.
#![cfg(feature = "torch")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const SIZE: &str = "--data synthetic --epochs 2 --seed 3 --device cpu --threads 1 --quiet \
    --with shared.batch=200 --with controller.updates=3 --with controller.samples=4 \
    --with derive.samples=6 --with derive.examples=50 --with derive.compare=5 \
    --with retrain.batch=100 --format json";

fn enasc(folder: &Path, words: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(words.split_whitespace())
        .current_dir(folder)
        .output()
        .unwrap()
}

#[track_caller]
fn good(folder: &Path, words: &str) -> Value {
    let output = enasc(folder, words);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}: {errors}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[track_caller]
fn bad(folder: &Path, words: &str) -> String {
    let output = enasc(folder, words);
    assert_eq!(output.status.code(), Some(1), "{words}");
    assert!(output.stdout.is_empty(), "{words}");
    String::from_utf8(output.stderr).unwrap()
}

fn tiny() -> String {
    format!("{}/spaces/tiny.enas", env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn a_policy_is_searched_scored_and_its_weights_are_put_to_the_test() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tiny = tiny();
    let best = good(folder, &format!("search {tiny} --out run {SIZE}"));
    assert_eq!(
        (&best["strategy"], &best["comparison"]["samples"]),
        (&"enas".into(), &5.into())
    );

    let score = format!("score {tiny} --arch run/best.json --run run");
    let scored = good(folder, &format!("{score} --format json"));
    let number = |value: &Value| value.as_f64().unwrap();
    let decisions = scored["decisions"].as_object().unwrap();
    for of in ["log_prob", "uniform"] {
        let sum: f64 = decisions.values().map(|both| number(&both[of])).sum();
        assert!((sum - number(&scored[of])).abs() < 1e-5, "{scored}");
    }
    assert!((number(&scored["uniform"]) + 8f64.ln()).abs() < 1e-12);
    let table = String::from_utf8(enasc(folder, &score).stdout).unwrap();
    assert_eq!(table.lines().count(), decisions.len() + 3, "{table}");
    let macro_space = tiny.replace("tiny", "enas_rnn");
    let error = bad(
        folder,
        &format!("score {macro_space} --arch Cell.f0=tanh --run run"),
    );
    assert!(error.starts_with("error: "), "{error}");

    let correlate = "correlate run -k 3 --epochs 1 --threads 1 --quiet --format json";
    let first = good(folder, correlate);
    assert_eq!(first["pairs"].as_array().unwrap().len(), 3);
    let file = folder.join("run/correlate/0001.json");
    let written = |file| fs::metadata(file).unwrap().modified().unwrap();
    let before = written(&file);
    assert_eq!(good(folder, correlate), first);
    assert_eq!(written(&file), before, "it was trained again");
    let error = bad(folder, "correlate nowhere");
    assert!(error.starts_with("error: nowhere holds no run"), "{error}");
}

#[test]
fn evolution_is_searched_and_has_no_policy_to_score_by() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tiny = tiny();
    let small = "--strategy evolution --with strategy.population=3 --with strategy.tournament=2";
    let best = good(folder, &format!("search {tiny} --out run {SIZE} {small}"));
    assert_eq!(best["strategy"], "evolution");
    let error = bad(
        folder,
        &format!("score {tiny} --arch run/best.json --run run"),
    );
    assert!(error.contains("was not searched by a policy"), "{error}");
    let error = bad(
        folder,
        &format!("search {tiny} --out other {SIZE} --with strategy.tournament=0"),
    );
    assert!(
        error.contains("\"strategy.tournament must be at least 1\""),
        "{error}"
    );
}

#[test]
fn a_table_is_searched_by_every_strategy() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let tiny = tiny();
    // The eight architectures of the tiny space, the sixth of which is best.
    let cell = |i: usize| if i & 1 == 1 { "{0}" } else { "{}" };
    let rows: Vec<String> = (0..8)
        .map(|i| {
            let score = if i == 5 { 90 } else { 10 * (i % 3) };
            format!("{}{},\"{}\",{score},{i}\n", i >> 2 & 1, i >> 1 & 1, cell(i))
        })
        .collect();
    fs::write(
        folder.join("t.csv"),
        "ops,skips (of 2),acc,n\n".to_owned() + &rows.concat(),
    )
    .unwrap();
    let map = "score = 'acc'\nscale = 0.01\nfacts = ['n']\n[decisions]\n\
               ops = ['h[1].f', 'h[2].f']\nskips = ['h[2].skips']\n";
    fs::write(folder.join("m.toml"), map).unwrap();
    let rest = "--reward table:t.csv,map=m.toml --epochs 1 --with controller.updates=30 --quiet";
    for strategy in ["enas", "random", "evolution"] {
        let words = format!("search {tiny} --out {strategy} --strategy {strategy} {rest}");
        let best = good(folder, &format!("{words} --format json"));
        assert_eq!(best["score"], 0.9, "{strategy}");
        assert_eq!(best["table"]["n"], "5");
        assert_eq!(best["decisions"]["h[1].f"], "max3");
        let again = String::from_utf8(enasc(folder, &format!("{words} --resume")).stdout).unwrap();
        assert!(
            again.contains("score              0.90000 in table:t.csv,map=m.toml"),
            "{again}"
        );
    }
    let error = bad(folder, "derive enas");
    assert!(
        error.contains("has no weights, and its best.json is final"),
        "{error}"
    );
    // Another table is another search.
    fs::write(folder.join("m.toml"), map.replace("0.01", "0.02")).unwrap();
    let error = bad(folder, &format!("search {tiny} --out enas {rest} --resume"));
    assert!(
        error.contains("cannot be resumed with this: the data table:"),
        "{error}"
    );
    fs::write(
        folder.join("m.toml"),
        map.replace("'h[2].skips'", "'h[2].skip'"),
    )
    .unwrap();
    let error = bad(folder, &format!("search {tiny} --out new {rest}"));
    assert!(error.contains("did you mean `h[2].skips`?"), "{error}");
}

/// The column maps that are shipped name decisions of their spaces: on tables like those of
/// the benchmarks, whose best architecture is found by those who try many at random.
#[test]
fn shipped_tables_are_of_shipped_spaces() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let root = env!("CARGO_MANIFEST_DIR");
    // All of base 3, of which the last is best.
    let rows = (0u32..6561).map(|i| {
        let digits = (0..8)
            .rev()
            .map(|k| char::from(b'0' + (i / 3u32.pow(k) % 3) as u8));
        let digits: String = digits.collect();
        format!("{digits},{:.3},0.1,{i},7\n", f64::from(i) / 100.0)
    });
    let all = "arch,mean_acc,std,params,flops\n".to_owned() + &rows.collect::<String>();
    fs::write(folder.join("nasbench_macro.csv"), all).unwrap();
    // All stars: the first of 24 ways in which four nodes can read.
    let rows = (0u32..6561).map(|i| {
        let digits = (0..4)
            .rev()
            .map(|k| char::from(b'0' + (i / 9u32.pow(k) % 9) as u8));
        let digits: String = digits.collect();
        format!("0000,{digits},0.{:04},0.4,1\n", 1 + i)
    });
    let stars =
        "links(prev),ops(gat0),valid,test,params_M\n".to_owned() + &rows.collect::<String>();
    fs::write(folder.join("nasbench_graph.csv"), stars).unwrap();
    let search = |name: &str, samples: u32| {
        let words = format!(
            "search {root}/spaces/{name}.enas --out {name} --strategy random --epochs 1 \
             --reward table:{name}.csv,map={root}/examples/tables/{name}.toml \
             --with derive.samples={samples} --quiet --format json"
        );
        good(folder, &words)
    };
    let best = search("nasbench_macro", 4000);
    // The best of thousands is among the best tenth.
    assert!(best["score"].as_f64().unwrap() > 0.59, "{best}");
    assert_eq!(best["table"]["std"], "0.1");
    let best = search("nasbench_graph", 500);
    // The best of about twenty.
    assert!(best["score"].as_f64().unwrap() > 0.3, "{best}");
    assert_eq!(best["table"]["test"], "0.4");
}
