//! Tables of a space with every kind of decision.

use super::*;
use crate::{Options, compile};

const SPACE: &str = "
ops Op = { conv3: conv(3), pool: max_pool(3) }
space two(n: int = 2) {
  input  x: [3, 8, 8]
  output y: [10]
  nodes h = [conv(x, 3, 4)]
  nodes h[l in 1..=n] {
    let p = pick 1 of h[..l]
    h[l] = (choose Op)(p)
  }
  y = sum(loose(h)) |> gap |> linear(10)
}";

const MAP: &str = "
score = 'valid'
scale = 0.01
facts = ['test']
[decisions]
links = ['h[1].p', 'h[2].p']
ops = ['h[1]', 'h[2]']
";

fn space() -> SearchSpace {
    let compiled = compile("two.enas", SPACE, &Options::default());
    compiled.spaces.into_iter().next().unwrap()
}

fn table<'a>(space: &'a SearchSpace, csv: &str, map: &str) -> Result<Table<'a>, String> {
    let map = Map::parse(map)?;
    let name = "t.csv".to_owned();
    Table::parse(space, csv, &map, name, String::new()).map_err(|why| why.to_string())
}

fn architecture(space: &SearchSpace, line: &str) -> Architecture {
    Architecture::parse(line, &space.decisions, &space.name).unwrap()
}

#[test]
fn cells_make_decisions_and_what_is_missing_is_said() {
    let space = space();
    let csv = "links(of 2),ops,valid,test\n00,01,90,0.5\n01,10,70,0.4\n";
    let found = table(&space, csv, MAP).unwrap();
    let a = architecture(&space, "h[1].p=0 h[1]=conv3 h[2].p=0 h[2]=pool");
    let row = found.find(&a).unwrap();
    assert!((found.score(row) - 0.9).abs() < 1e-12);
    assert_eq!(found.facts(&a), [("test".to_owned(), "0.5".to_owned())]);
    let b = architecture(&space, "h[1].p=0 h[1]=pool h[2].p=0 h[2]=conv3");
    let error = found.find(&b).unwrap_err().to_string();
    assert!(
        error.starts_with("t.csv does not list `h[1].p=0 h[1]=pool"),
        "{error}"
    );
    // The two nodes of `a`, in the other order, are the same network.
    let same = format!("same_network = true\n{MAP}");
    let same = table(&space, csv, &same).unwrap();
    assert_eq!(same.find(&b).unwrap(), Some(0));
    let worst = format!("missing = 'worst'\n{MAP}");
    let worst = table(&space, csv, &worst).unwrap();
    assert!((worst.score(worst.find(&b).unwrap()) - 0.7).abs() < 1e-12);
}

#[test]
fn columns_named_as_decisions_need_no_map() {
    let space = space();
    // `h[1].p` has one choice.
    let csv = "h[1],h[2],h[2].p,score\nconv3,pool,1,0.25\n";
    let found = table(&space, csv, "").unwrap();
    let a = architecture(&space, "h[1].p=0 h[1]=conv3 h[2].p=1 h[2]=pool");
    assert_eq!(found.find(&a).unwrap(), Some(0));
}

#[test]
fn what_does_not_fit_is_one_sentence() {
    let space = space();
    for (csv, map, expected) in [
        (
            "h[1].p,score\n0,1\n",
            "",
            "no column says what the decision `h[1]` is",
        ),
        (
            "links,ops,test\n",
            MAP,
            "there is no column `valid`; there are `links`, `ops`, `test`",
        ),
        (
            "links,ops,valid,test\n00,02,1,1\n",
            MAP,
            "line 2: `h[2]` has no option `2`",
        ),
        (
            "links,ops,valid,test\n00,0,1,1\n",
            MAP,
            "line 2: `0` has not the 2 characters",
        ),
        (
            "links,ops,valid,test\n00,00,x,1\n",
            MAP,
            "line 2: the score `x` is no number",
        ),
        (
            "links,ops,valid,test\n00,00,1,1\n00,00,1,1\n",
            MAP,
            "line 3: its architecture was",
        ),
        ("links,ops,valid,test\n", MAP, "it has no rows"),
        ("links,ops\n", "scor = 'x'", "unknown field `scor`"),
        (
            "links,ops\n",
            "decisions.ops = ['h[1].f']",
            "the space no such decision",
        ),
    ] {
        let error = table(&space, csv, map).unwrap_err();
        assert!(error.contains(expected), "{error}");
    }
}
