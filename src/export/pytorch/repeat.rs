//! Rounds of a loop that are alike, each on the result of the one before, as one
//! `nn.Sequential`.

use super::super::group::{base, is_index};
use super::unit::{Line, LineForm, Operand, Part, PartKind, Unit, UnitId, Units};

/// Makes one part of the parts of such rounds.
pub(super) fn fold(units: &Units, unit: &mut Unit) {
    let mut runs: Vec<Vec<usize>> = Vec::new();
    for at in 0..unit.lines.len() {
        match runs.last_mut() {
            Some(run) if follows(units, unit, at) => run.push(at),
            _ => runs.push(vec![at]),
        }
    }
    let mut places = vec![0; unit.lines.len()];
    for (place, run) in runs.iter().enumerate() {
        for &line in run {
            places[line] = place;
        }
    }
    let mut parts = std::mem::take(&mut unit.parts)
        .into_iter()
        .map(Some)
        .collect::<Vec<_>>();
    let mut new_places = vec![None; parts.len()];
    let mut lines = Vec::new();
    for run in &runs {
        let mut line = unit.lines[run[0]].clone();
        if let Some((path, units)) = rounds(unit, &parts, run) {
            line.path.clone_from(&path);
            let what = PartKind::Repeat(units);
            parts[line.part.unwrap_or(0)] = Some(Part { path, what });
        }
        line.part = line.part.map(|part| {
            *new_places[part].get_or_insert_with(|| {
                unit.parts.extend(parts[part].take());
                unit.parts.len() - 1
            })
        });
        lines.push(line);
    }
    let operands = lines.iter_mut().flat_map(|line| &mut line.operands);
    for operand in operands.chain(&mut unit.outputs) {
        if let Operand::Line(line) = operand {
            *line = places[*line];
        }
    }
    unit.lines = lines;
}

/// Where several rounds stand together, and what they run.
fn rounds(
    unit: &Unit,
    parts: &[Option<Part>],
    run: &[usize],
) -> Option<(Vec<String>, Vec<UnitId>)> {
    let [first, second, ..] = run else {
        return None;
    };
    let path = &unit.lines[*first].path;
    let at = round(path, &unit.lines[*second].path)?;
    let (outside, rounds) = path.split_at(at);
    let is_of_loop = |line: &Line| {
        let same = |segment: &String| variable(segment) == variable(&rounds[0]);
        line.path.starts_with(outside) && line.path.get(at).is_some_and(same)
    };
    let all = unit.lines.iter().filter(|line| is_of_loop(line)).count();
    let mut loop_path = outside.to_vec();
    if outside.is_empty() || all > run.len() {
        let name = path.last().filter(|last| !is_index(last));
        loop_path.push(format!("{}s", name.map_or("block", |name| base(name))));
    }
    let units = run.iter().filter_map(|&line| {
        let part = parts.get(unit.lines[line].part?)?.as_ref()?;
        match part.what {
            PartKind::Unit(id) => Some(id),
            _ => None,
        }
    });
    Some((loop_path, units.collect()))
}

/// Whether a line is the round that comes after the line before it.
fn follows(units: &Units, unit: &Unit, at: usize) -> bool {
    let Some(before) = at.checked_sub(1) else {
        return false;
    };
    let (a, b) = (&unit.lines[before], &unit.lines[at]);
    let (Some(of_a), Some(of_b)) = (called(unit, a), called(unit, b)) else {
        return false;
    };
    let operands = unit.lines.iter().flat_map(|line| &line.operands);
    let result = Operand::Line(before);
    let reads = operands
        .chain(&unit.outputs)
        .filter(|&&read| read == result);
    a.operands.len() == 1
        && b.operands == [result]
        && reads.count() == 1
        && round(&a.path, &b.path).is_some()
        && units.alike(of_a, of_b)
}

/// The unit that a line calls, and no other line.
fn called(unit: &Unit, line: &Line) -> Option<UnitId> {
    let callers = unit.lines.iter().filter(|other| other.part == line.part);
    match (&line.form, &unit.parts.get(line.part?)?.what) {
        (LineForm::Call, PartKind::Unit(id)) if callers.count() == 1 => Some(*id),
        _ => None,
    }
}

/// The only place where two paths differ, if that tells the rounds of a loop apart.
fn round(a: &[String], b: &[String]) -> Option<usize> {
    let differ = |&at: &usize| a[at] != b[at];
    let mut places = (0..a.len().min(b.len())).filter(differ);
    let place = places.next()?;
    let is_round = variable(&a[place]).is_some() && variable(&a[place]) == variable(&b[place]);
    (is_round && a.len() == b.len() && places.next().is_none()).then_some(place)
}

/// The variable of a loop, if a segment is a round of one: of `i=3` `i`.
fn variable(segment: &str) -> Option<&str> {
    Some(segment.split_once('=')?.0)
}
