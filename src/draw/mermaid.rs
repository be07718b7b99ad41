//! A picture for Mermaid, which many sites draw inside Markdown.

use std::fmt::Write as _;

use super::{Block, Look, Mark, Picture};

/// The text of a flowchart.
#[must_use]
pub fn mermaid(picture: &Picture) -> String {
    let mut text = format!("---\ntitle: {}\n---\nflowchart TB\n", picture.title);
    let mut number = 0;
    let mut styles: Vec<String> = Vec::new();
    for (place, panel) in picture.panels.iter().enumerate() {
        let title = panel.heading();
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  subgraph p{place}[\"{}\"]", escaped(&title));
        text.push_str("    direction TB\n");
        for (id, block) in panel.blocks.iter().enumerate() {
            let (open, close) = match block.look {
                Look::End => ("([", "])"),
                Look::Cell => ("[[", "]]"),
                Look::Element => ("(", ")"),
                Look::Op(_) => ("[", "]"),
            };
            let _ = writeln!(text, "    p{place}b{id}{open}\"{}\"{close}", label(block));
            let class = match block.mark {
                Mark::On => "on",
                Mark::Off => "off",
                Mark::Open => continue,
            };
            styles.push(format!("  class p{place}b{id} {class}"));
        }
        for arrow in &panel.arrows {
            let line = match (arrow.mark, arrow.optional) {
                (Mark::On, _) => "==>",
                (Mark::Off, _) | (Mark::Open, true) => "-.->",
                (Mark::Open, false) => "-->",
            };
            let slot = arrow.slot.and_then(|slot| {
                let slots = &panel.blocks.get(arrow.to)?.slots;
                slots.get(slot).filter(|_| slots.len() > 1)
            });
            let label =
                slot.map_or_else(String::new, |slot| format!("|\"{}\"|", escaped(&slot.name)));
            let (from, to) = (arrow.from, arrow.to);
            let _ = writeln!(text, "    p{place}b{from} {line}{label} p{place}b{to}");
            if arrow.mark == Mark::Off {
                styles.push(format!("  linkStyle {number} opacity:0.3"));
            }
            number += 1;
        }
        text.push_str("  end\n");
    }
    text.push_str("  classDef on stroke:#c2410c,stroke-width:2px\n  classDef off opacity:0.35\n");
    for style in styles {
        let _ = writeln!(text, "{style}");
    }
    text
}

/// The lines of a block, and a line for each of its choices.
fn label(block: &Block) -> String {
    let choices = block.slots.iter().filter(|slot| !slot.options.is_empty());
    let slots = choices.map(|slot| {
        let chosen = slot.options.iter().any(|(_, mark)| *mark == Mark::On);
        let options = slot
            .options
            .iter()
            .filter(|(_, mark)| !chosen || *mark == Mark::On);
        let options: Vec<&str> = options.map(|(option, _)| option.as_str()).collect();
        let name = match slot.name.as_str() {
            "" => String::new(),
            name => format!("{name}: "),
        };
        escaped(&(name + &options.join(" | ")))
    });
    let lines = block.lines.iter().map(|line| escaped(line));
    lines.chain(slots).collect::<Vec<_>>().join("<br>")
}

/// Mermaid writes characters by number: `#quot;`, `#35;`.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
}
