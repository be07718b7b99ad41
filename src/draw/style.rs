//! The colours of a picture, light and dark. All rules begin with the picture's class, so
//! that pages can contain several pictures and other things. No colour is a variable of
//! CSS: some programs that show SVG know none.

use std::fmt::Write as _;

/// The class of the outermost element.
pub(super) const CLASS: &str = "enasc-picture";

/// What does not depend on light or dark.
const SHAPES: [(&str, &str); 14] = [
    (
        "text",
        "text-anchor: middle; font: 11px ui-sans-serif, Helvetica, Arial, sans-serif",
    ),
    (
        ".title",
        "text-anchor: start; font-weight: 600; font-size: 13px",
    ),
    (".note", "text-anchor: start"),
    (".frame", "fill: none"),
    (".name", "font-weight: 600"),
    (".key", "font-size: 9.5px"),
    (".arrow", "fill: none"),
    (".head", "stroke: none"),
    (".optional", "stroke-dasharray: 3 3"),
    (".block.off", "opacity: .28"),
    (".arrow.on", "stroke-width: 2; stroke-dasharray: none"),
    (".block.on .body", "stroke-width: 2"),
    ("text.on", "font-weight: 700"),
    (".block.on text.off", "opacity: .5"),
];

/// Selector, property, light, dark.
const COLOURS: [(&str, &str, &str, &str); 23] = [
    (".page", "fill", "#ffffff", "#14181d"),
    ("text", "fill", "#1c2530", "#e4e8ec"),
    (".note", "fill", "#69737f", "#98a3af"),
    (".key", "fill", "#69737f", "#98a3af"),
    (".frame", "stroke", "#d3d9e0", "#39424c"),
    (".body", "stroke", "#5d6875", "#97a2ae"),
    (".slot", "fill", "#ffffff", "#14181d"),
    (".slot", "stroke", "#d3d9e0", "#39424c"),
    (".arrow", "stroke", "#5d6875", "#97a2ae"),
    (".head", "fill", "#5d6875", "#97a2ae"),
    (".end", "fill", "#e9edf1", "#2b323a"),
    (".element", "fill", "#fff4e0", "#3a3020"),
    (".cell", "fill", "#e6e3fa", "#2f2b4a"),
    (".weights", "fill", "#d9e8f8", "#1f3450"),
    (".norm", "fill", "#ececf4", "#2c2d3c"),
    (".activation", "fill", "#fbf3c9", "#3b3717"),
    (".pool", "fill", "#d9f0d7", "#1f3a22"),
    (".merge", "fill", "#f6deec", "#40253a"),
    (".other", "fill", "#f4f4f4", "#262b31"),
    // Not by opacity, which would add up where lines lie upon each other.
    (".arrow.off", "stroke", "#c6ccd3", "#3f4852"),
    (".head.off", "fill", "#c6ccd3", "#3f4852"),
    (".arrow.on, .body.on", "stroke", "#c2410c", "#fb923c"),
    (".head.on, text.on", "fill", "#c2410c", "#fb923c"),
];

/// The text of the `style` element.
pub(super) fn style() -> String {
    let mut text = String::from("\n");
    for (selector, rules) in SHAPES {
        rule(&mut text, selector, rules);
    }
    for (selector, property, light, _) in COLOURS {
        rule(&mut text, selector, &format!("{property}: {light}"));
    }
    text.push_str("@media (prefers-color-scheme: dark) {\n");
    for (selector, property, _, dark) in COLOURS {
        rule(&mut text, selector, &format!("{property}: {dark}"));
    }
    text.push_str("}\n");
    text
}

fn rule(text: &mut String, selectors: &str, rules: &str) {
    let selectors: Vec<String> = selectors
        .split(", ")
        .map(|selector| format!(".{CLASS} {selector}"))
        .collect();
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} {{ {rules} }}", selectors.join(", "));
}
