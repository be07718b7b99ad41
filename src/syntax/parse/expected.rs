//! From the rules that would have fitted to words.

use super::Rule;

/// What would have fitted, in words, each once. `rules` are the rules that pest
/// tried in vain at the furthest place.
pub(super) fn words(rules: &[Rule]) -> Vec<&'static str> {
    let has = |rule| rules.contains(&rule);
    // Behind an operand an operator may always follow; where something else may
    // too, that is what is missing.
    let after_operand = has(Rule::infix);
    // Where an operand may stand, pest names each sort of operand.
    let operand = has(Rule::number) && has(Rule::boolean);
    let mut words = Vec::new();
    for &rule in rules {
        let is_left_out = match rule {
            Rule::ident | Rule::k_if | Rule::open_paren | Rule::open_bracket if operand => true,
            Rule::open_paren | Rule::open_bracket | Rule::dot | Rule::at | Rule::dots
                if after_operand =>
            {
                true
            }
            // An optional type, index or number of cells: `=` is what is missing.
            Rule::colon | Rule::open_bracket | Rule::cell_count if has(Rule::equals) => {
                !has(Rule::comma)
            }
            Rule::range_op => has(Rule::k_of),
            Rule::equals => has(Rule::comma) && after_operand,
            _ => false,
        };
        if is_left_out {
            continue;
        }
        if let Some(word) = word(rule)
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    if words.is_empty() && after_operand {
        words.push("an operator");
    }
    words.sort_by_key(|word| match *word {
        "`,`" => 1,
        "`)`" | "`]`" | "`}`" => 2,
        _ => 0,
    });
    words
}

/// `a`, `a or b`, `a, b or c`.
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// What a rule is to a reader; nothing for a rule that says no more than another
/// one that fails at the same place.
fn word(rule: Rule) -> Option<&'static str> {
    Some(match rule {
        Rule::expr
        | Rule::prefix
        | Rule::list
        | Rule::number
        | Rule::text
        | Rule::boolean
        | Rule::path
        | Rule::choose
        | Rule::pick
        | Rule::if_expr
        | Rule::paren => "an expression",
        Rule::args | Rule::arg => "an argument",
        Rule::cand => "a candidate",
        Rule::ident | Rule::pattern => "a name",
        Rule::ty | Rule::tensor_ty | Rule::named_ty => "a type",
        Rule::param => "a parameter",
        Rule::count => "a count",
        Rule::source => "a list",
        Rule::range | Rule::range_op => "`..`",
        Rule::params | Rule::open_paren | Rule::cost => "`(`",
        Rule::close_paren => "`)`",
        Rule::open_bracket => "`[`",
        Rule::close_bracket => "`]`",
        Rule::body | Rule::space_body | Rule::value | Rule::cands | Rule::open_brace => "`{`",
        Rule::close_brace => "`}`",
        Rule::comma => "`,`",
        Rule::colon => "`:`",
        Rule::dot => "`.`",
        Rule::dots | Rule::slice_to => "`..`",
        Rule::fn_rest => "`->`, `=` or `{`",
        Rule::arrow => "`->`",
        Rule::equals => "`=`",
        Rule::k_in => "`in`",
        Rule::k_of => "`of`",
        Rule::k_else | Rule::else_value => "`else`",
        Rule::k_op => "`op`",
        Rule::k_cost => "`cost`",
        Rule::guard | Rule::k_if => "`if`",
        _ => return None,
    })
}
