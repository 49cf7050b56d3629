//! Progress on a terminal, none in a pipe.

use std::io::IsTerminal as _;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::world::Watcher;

/// A spinner with the stage and the rows read so far.
#[derive(Debug)]
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    pub(super) fn new(quiet: bool) -> Self {
        let shown = !quiet && std::io::stderr().is_terminal();
        let bar = if shown {
            ProgressBar::new_spinner()
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) =
            ProgressStyle::with_template("{spinner} {msg} {pos:.dim} rows {elapsed:.dim}")
        {
            bar.set_style(style);
        }
        Self { bar }
    }
}

impl Watcher for Progress {
    fn stage(&self, what: &str) {
        if !self.bar.is_hidden() {
            if self.bar.is_finished() {
                self.bar.reset();
            }
            self.bar.enable_steady_tick(Duration::from_millis(120));
            self.bar.set_message(what.to_owned());
        }
    }

    fn rows(&self, more: u64) {
        self.bar.inc(more);
    }

    fn bytes(&self, so_far: u64, of: Option<u64>) {
        if self.bar.is_hidden() {
            return;
        }
        let known = "{spinner} {msg} {bar:30} {bytes:.dim} of {total_bytes:.dim} {eta:.dim}";
        let open = "{spinner} {msg} {bytes:.dim} {elapsed:.dim}";
        if self.bar.length() != of || self.bar.position() == 0 {
            if let Ok(style) = ProgressStyle::with_template(if of.is_some() { known } else { open })
            {
                self.bar.set_style(style);
            }
            match of {
                Some(length) => self.bar.set_length(length),
                None => self.bar.unset_length(),
            }
        }
        self.bar.set_position(so_far);
    }

    fn done(&self) {
        self.bar.finish_and_clear();
    }
}
