//! What packagers want: completions and manual pages.

use std::fs;

use crate::harness::{Workspace, root, run};

const COMMANDS: [&str; 11] = [
    "run",
    "check",
    "verify",
    "calc",
    "power",
    "replicate",
    "fetch",
    "completions",
    "man",
    "explain",
    "list",
];

#[test]
fn every_shell_gets_its_completions() {
    for (shell, word) in [
        ("bash", "complete -F _evenhand"),
        ("zsh", "#compdef evenhand"),
        ("fish", "complete -c evenhand"),
        ("powershell", "Register-ArgumentCompleter"),
        ("elvish", "edit:completion:arg-completer[evenhand]"),
    ] {
        let outcome = run(root(), &["completions", shell]);
        assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""));
        for command in COMMANDS {
            assert!(outcome.stdout.contains(command), "{shell}: {command}");
        }
        assert!(outcome.stdout.contains(word), "{shell}: {word}");
        let json = run(root(), &["completions", shell, "--json"]).stdout;
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(
            (&json["shell"], &json["script"]),
            (&shell.into(), &outcome.stdout.into())
        );
    }
    assert_eq!(run(root(), &["completions", "tcsh"]).code, 2);
}

#[test]
fn the_manual_page_names_every_command_and_keeps_its_examples_as_they_are() {
    let page = run(root(), &["man"]).stdout;
    assert!(page.contains(".TH evenhand 1"), "{page}");
    for command in COMMANDS {
        assert!(
            page.contains(&format!("evenhand\\-{command}(1)")),
            "{command}"
        );
    }
    assert!(
        page.contains("\n.SH EXAMPLES\n.nf\n  evenhand run "),
        "{page}"
    );
    assert_eq!(
        page.matches("\n.nf\n").count(),
        page.matches("\n.fi\n").count()
    );
    assert!(!page.contains("SH EXTRA"));
}

#[test]
fn a_page_is_written_for_every_command_and_over_nothing_that_is_not_ours() {
    let workspace = Workspace::new();
    let write = || workspace.evenhand(&["man", "--into", "man1"]);
    assert_eq!(write().code, 0);
    let mut names: Vec<String> = workspace
        .files()
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    names.retain(|name| name.starts_with("man1"));
    assert!(names.len() > COMMANDS.len(), "{names:?}");
    for command in COMMANDS {
        let page =
            fs::read_to_string(workspace.path(&format!("man1/evenhand-{command}.1"))).unwrap();
        assert!(page.contains("\n.SH EXAMPLES\n.nf\n"), "{command}");
        assert!(
            page.contains(&format!("\"evenhand {}\"", env!("CARGO_PKG_VERSION"))),
            "{command}"
        );
    }
    // One of ours, of another version, is replaced.
    let fetch = workspace.path("man1/evenhand-fetch.1");
    let fresh = fs::read(&fetch).unwrap();
    workspace.change("man1/evenhand-fetch.1", "evenhand\\-fetch", "old");
    assert_eq!(write().code, 0);
    assert_eq!(fs::read(&fetch).unwrap(), fresh);
    // Somebody else's is not, and nothing else is written then.
    workspace.write("man1/evenhand-list.1", ".TH mine 1\n");
    workspace.change("man1/evenhand-fetch.1", "evenhand\\-fetch", "old");
    let outcome = write();
    assert_eq!(outcome.code, 1);
    assert!(
        outcome
            .stderr
            .contains("evenhand-list.1 was not written by evenhand man"),
        "{}",
        outcome.stderr
    );
    assert_eq!(
        fs::read_to_string(workspace.path("man1/evenhand-list.1")).unwrap(),
        ".TH mine 1\n"
    );
    assert_ne!(fs::read(&fetch).unwrap(), fresh);
}

#[test]
fn every_command_shows_examples_in_its_help() {
    for command in COMMANDS {
        let help = run(root(), &[command, "--help"]).stdout;
        let example = format!("Examples:\n  evenhand {command}");
        assert!(help.contains(&example), "{command}: {help}");
    }
}
