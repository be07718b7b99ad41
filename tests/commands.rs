//! The help of every command: its examples run, and what is made of it (the page of the
//! commands, man pages, completions) is complete.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::{CommandFactory as _, Parser as _};
use enasc::cli::args::Cli;

use crate::docs::{trains, words};

/// `enasc`, and every command that does something.
fn commands() -> Vec<clap::Command> {
    fn below(command: &clap::Command) -> Vec<clap::Command> {
        if !command.has_subcommands() {
            return vec![command.clone()];
        }
        command.get_subcommands().flat_map(below).collect()
    }
    let mut enasc = Cli::command().disable_help_subcommand(true);
    enasc.build();
    below(&enasc)
}

/// `enasc recipe show`
fn name(command: &clap::Command) -> String {
    command.get_bin_name().unwrap().to_owned()
}

fn examples(command: &clap::Command) -> Vec<String> {
    let text = command.get_after_help().map(ToString::to_string);
    let text = text.unwrap_or_default();
    let lines = text.lines().skip_while(|line| *line != "Examples:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty()).map(|line| {
        // A terminal would break a longer one, and what is pasted from there fails.
        assert!(line.len() <= 78, "{line:?} has {} columns", line.len());
        line.trim()
    });
    let text = lines.collect::<Vec<_>>().join("\n").replace(" \\\n", " ");
    text.lines().map(str::to_owned).collect()
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The words of a command as a shell gives them, in a folder where `spaces` is ours.
fn given(stage: &str) -> Vec<String> {
    let mut given = Vec::new();
    for word in words(stage) {
        let Some(pattern) = word.strip_prefix("spaces/") else {
            given.push(word);
            continue;
        };
        let spaces = root().join("spaces");
        if pattern != "*.enas" {
            given.push(spaces.join(pattern).display().to_string());
            continue;
        }
        let files = std::fs::read_dir(spaces).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let files = files.filter(|file| file.extension().is_some_and(|ending| ending == "enas"));
        let mut files: Vec<String> = files.map(|file| file.display().to_string()).collect();
        files.sort();
        given.extend(files);
    }
    given
}

/// Runs `a | b > file` as far as it is ours and trains nothing; every command must parse.
/// Says how many ran.
fn run(example: &str, folder: &Path) -> usize {
    let mut input: Vec<u8> = Vec::new();
    let mut n = 0;
    for stage in example.split(" | ") {
        let (stage, _) = stage.split_once(" > ").unwrap_or((stage, ""));
        let (stage, read) = stage.split_once(" < ").unwrap_or((stage, ""));
        if !read.is_empty() {
            input = std::fs::read(root().join(read)).unwrap();
        }
        let given = given(stage);
        if given[0] != "enasc" {
            return n;
        }
        if let Err(error) = Cli::try_parse_from(&given) {
            panic!("{example}: {error}");
        }
        let needs_a_run = given.iter().any(|word| word.starts_with("runs/"));
        // Linked with libtorch it answers alike, and each start takes half a second.
        let is_slow = cfg!(feature = "torch");
        if trains(&given[1..]) || needs_a_run || given[1] == "lsp" || is_slow {
            return n;
        }
        n += 1;
        let mut child = Command::new(env!("CARGO_BIN_EXE_enasc"))
            .args(&given[1..])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let text = std::mem::take(&mut input);
        // A command that reads nothing may be gone already.
        let writer = std::thread::spawn(move || drop(stdin.write_all(&text)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{example}: {err}");
        assert!(!err.contains("error"), "{example}: {err}");
        input = output.stdout;
    }
    n
}

#[test]
fn every_example_in_every_help_runs() {
    let folder = tempfile::tempdir().unwrap();
    let mut n = 0;
    for command in commands() {
        let name = name(&command);
        let examples = examples(&command);
        assert!(
            examples.iter().any(|line| line.contains(&name)),
            "the help of {name} has no example of it"
        );
        n += examples
            .iter()
            .map(|line| run(line, folder.path()))
            .sum::<usize>();
    }
    assert!(
        n >= 40 || cfg!(feature = "torch"),
        "only {n} of the examples ran"
    );
}

/// The page as the command line makes it.
fn page() -> String {
    let mut page = "# Commands

This page is made of what `enasc COMMAND --help` says; a test keeps it so. What programs
read with `--format json` is on [its own page](json.md).

Every command takes `--color`, `--quiet` and `--verbose`. Results go to standard output;
what is wrong, progress, and what `--verbose` tells go to standard error. Colours are for
terminals, unless `NO_COLOR` is set; `--color` is stronger than both. Where a file is
read, `-` is standard input.

| exit code | meaning |
|---|---|
| 0 | what was asked for is done; nobody reading the output to its end is no error |
| 1 | it could not be done, or something is wrong with the files: standard error says what. Also `fmt --check` where a layout would change, and `diff --exit-code` where there are differences: these say it on standard output |
| 2 | the command line is wrong |
| 130 | a search or a training was stopped by Ctrl-C or a signal, and goes on with `--resume` |
"
    .to_owned();
    for command in commands() {
        let name = name(&command);
        let mut shown = command.term_width(100);
        // These two are said above, once.
        for argument in ["color", "quiet", "verbose", "help"] {
            if shown
                .get_arguments()
                .any(|known| known.get_id() == argument)
            {
                shown = shown.mut_arg(argument, |known| known.hide(true));
            }
        }
        let help = shown.render_help().to_string();
        page.push_str(&format!("\n## `{name}`\n\n```text\n"));
        for line in help.lines() {
            page.push_str(line.trim_end());
            page.push('\n');
        }
        page.push_str("```\n");
    }
    page
}

#[test]
fn the_page_of_the_commands_is_what_their_help_says() {
    let path = root().join("docs/commands.md");
    let page = page();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == page,
        "docs/commands.md is not what the help says: \
         UPDATE_EXPECT=1 cargo nextest run --no-default-features commands"
    );
}

fn enasc(args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_enasc"))
        .args(args)
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && err.is_empty(), "{args:?}: {err}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn there_is_a_man_page_of_every_command() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("man1");
    assert_eq!(enasc(&["man", "-o", path.to_str().unwrap()]), "");
    for command in commands() {
        let file = path.join(format!("{}.1", name(&command).replace(' ', "-")));
        let page = std::fs::read_to_string(&file).unwrap();
        assert!(
            [
                ".SH NAME",
                ".SH SYNOPSIS",
                ".SH \"EXIT STATUS\"",
                ".SH EXAMPLES"
            ]
            .iter()
            .all(|title| page.contains(title)),
            "{}",
            file.display()
        );
    }
    let page = std::fs::read_to_string(path.join("enasc.1")).unwrap();
    assert!(
        page.contains(".SH \"EXIT STATUS\"") && page.contains("enasc\\-search(1)"),
        "{page}"
    );
    let words = ["man", "recipe", "show"];
    let alone = std::fs::read_to_string(path.join("enasc-recipe-show.1")).unwrap();
    assert_eq!(enasc(&words), alone);
}

#[test]
fn every_shell_completes_every_command() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = enasc(&["completions", shell]);
        for command in commands() {
            let last = command.get_name();
            assert!(script.contains(last), "{shell} does not know {last}");
        }
        assert!(script.contains("resume"), "{shell} does not know --resume");
        let names = ["recurrent", "candidates_differ"];
        // What else is completed depends on what a script of the shell can say.
        let n = match shell {
            "bash" | "zsh" => 2,
            "fish" => 1,
            _ => 0,
        };
        for word in names.iter().take(n) {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}

/// What the script completes, asked as bash asks it.
#[cfg(unix)]
#[test]
fn bash_completes_commands_options_and_codes() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("enasc.bash");
    std::fs::write(&script, enasc(&["completions", "bash"])).unwrap();
    let complete = |line: &str| -> Vec<String> {
        // Bash breaks words at these too, and they are words then.
        let apart = line.replace("::", " :: ").replace('=', " = ");
        let words: Vec<String> = apart.split(' ').map(|word| format!("'{word}'")).collect();
        let last = words.len() - 1;
        let ask = format!(
            "source {}; COMP_LINE='{line}'; COMP_POINT={}; COMP_WORDS=({}); COMP_CWORD={last}; \
             _enasc_words enasc {} {}; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script.display(),
            line.len(),
            words.join(" "),
            words[last],
            words[last - 1]
        );
        let output = Command::new("bash").args(["-c", &ask]).output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        out.lines().map(str::to_owned).collect()
    };
    assert_eq!(complete("enasc des"), ["describe"]);
    assert_eq!(complete("enasc new --template re"), ["recurrent"]);
    // What is in front of the last break stands there already.
    assert_eq!(complete("enasc explain shape::cand"), ["candidates_differ"]);
    assert_eq!(complete("enasc graph --format=s"), ["svg"]);
    assert_eq!(complete("enasc graph --format s"), ["svg"]);
    assert_eq!(
        complete("enasc recipe show enas-rnn-l"),
        ["enas-rnn-lm-official"]
    );
    assert_eq!(complete("enasc search a.enas --recipe off"), ["official"]);
    assert_eq!(
        complete("enasc search a.enas --data cif"),
        ["cifar10:", "cifar100:"]
    );
    assert_eq!(complete("enasc man sea"), ["search"]);
    assert!(complete("enasc search --res").contains(&"--resume".to_owned()));
}
