//! The only door to the network. Nothing else in the crate speaks to anybody, as nothing but [`crate::world`] opens a file.
//!
//! It asks for one address at a time, from a first byte on, and hands over what comes. Only `https` is spoken, but with
//! this machine itself (a mirror on 127.0.0.1). The proxy of the environment (`HTTPS_PROXY`, `ALL_PROXY`) is used, since
//! where there is one nothing else gets through; the root certificates are those that come with the program.

use std::fmt;
use std::io::Read;
use std::net::IpAddr;
use std::time::Duration;

use ureq::http::{Response, Uri};
use ureq::{Agent, Body};

use crate::error::Error;

/// Redirects that are followed for one request.
const MOST_REDIRECTS: usize = 5;

/// How long is waited for others.
#[derive(Debug, Clone)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For the next bytes of a connection that stands.
    pub stall: Duration,
    /// Before each new attempt after a broken connection; there are as many attempts as pauses, after the first one.
    pub pauses: Vec<Duration>,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(20),
            stall: Duration::from_secs(60),
            pauses: [1, 4, 16].map(Duration::from_secs).to_vec(),
        }
    }
}

impl Patience {
    /// Waits before the attempt with that number, counted from 0; `false` when there are no more.
    pub(super) fn wait_before(&self, attempt: usize) -> bool {
        let pause = self.pauses.get(attempt);
        pause.copied().map(std::thread::sleep).is_some()
    }
}

/// Why nothing came.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The connection broke or stalled: another attempt may help.
    Broken(String),
    /// Another attempt would not help.
    Final(Error),
}

impl Trouble {
    fn last(message: String, hint: &str) -> Self {
        Self::Final(Error::bundle(message, hint))
    }
}

/// An address that may be asked.
#[derive(Debug, Clone)]
pub struct Address(Uri);

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// Another scheme than `https`, but `http` for a numeric address of this machine; a name or a password in it.
    pub fn new(text: &str) -> Result<Self, String> {
        let uri: Uri = text
            .parse()
            .map_err(|fault| format!("`{text}` is no address: {fault}"))?;
        let host = uri.host().unwrap_or_default();
        if host.is_empty() {
            return Err(format!("`{text}` is no address: it names no host"));
        }
        if uri
            .authority()
            .is_some_and(|authority| authority.as_str().contains('@'))
        {
            return Err("an address with a name or password in it is not asked".into());
        }
        match uri.scheme_str() {
            Some("https") => Ok(Self(uri)),
            Some("http") if is_this_machine(host) => Ok(Self(uri)),
            _ => Err(format!(
                "`{text}` is not asked: only https is, and http://127.0.0.1 for a mirror on this machine"
            )),
        }
    }

    /// Where a redirect from here leads.
    ///
    /// # Errors
    /// To where [`Address::new`] would not go, or from `https` to `http`, even on this machine.
    fn redirected(&self, to: &str) -> Result<Self, String> {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self
            .0
            .authority()
            .map_or("", |authority| authority.as_str());
        let path = self.0.path();
        let names_a_scheme =
            |(before, _): (&str, &str)| before.bytes().all(|b| b.is_ascii_alphanumeric());
        let whole = if to.starts_with("//") {
            format!("{scheme}:{to}")
        } else if to.starts_with('/') {
            format!("{scheme}://{authority}{to}")
        } else if to.split_once(':').is_some_and(names_a_scheme) {
            to.to_owned()
        } else {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            format!("{scheme}://{authority}{folder}/{to}")
        };
        let next = Self::new(whole.split('#').next().unwrap_or_default())?;
        if scheme == "https" && next.0.scheme_str() != Some("https") {
            return Err(format!(
                "from https to {next}, which anybody on the way could change"
            ));
        }
        Ok(next)
    }

    fn is_local(&self) -> bool {
        self.0.host().is_some_and(is_this_machine)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether a host is a number of this machine. Names are not looked up: who answers for `localhost` is not for us to say.
fn is_this_machine(host: &str) -> bool {
    let number = host.trim_start_matches('[').trim_end_matches(']');
    number.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Wanted {
    /// The first byte wanted; those before it are here already.
    pub(super) byte: u64,
    /// What the server said of the version that they are of.
    pub(super) version: Option<String>,
}

/// What a server answered.
pub(super) struct Answer {
    /// The first byte that comes: what was asked for, or 0 where the server sends all.
    pub(super) from: u64,
    /// The length of the whole file, where it says so.
    pub(super) length: Option<u64>,
    /// How the server names this version: an entity tag, or when it was changed last.
    pub(super) version: Option<String>,
    /// When the server says that the file was changed last.
    pub(super) last_modified: Option<String>,
    /// When the server says that it answered.
    pub(super) date: Option<String>,
    /// Whether an end too early would be seen: the server says how much comes, or marks the end.
    pub(super) is_end_marked: bool,
    /// The bytes.
    pub(super) body: Box<dyn Read>,
}

/// Asks.
pub(super) struct Client {
    agent: Agent,
    local: Agent,
    stall: Duration,
}

impl Client {
    pub(super) fn new(patience: &Patience) -> Self {
        let config = || {
            Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .user_agent(concat!("evenhand/", env!("CARGO_PKG_VERSION")))
                .accept_encoding("identity")
                .timeout_resolve(Some(patience.connect))
                .timeout_connect(Some(patience.connect))
                .timeout_recv_response(Some(patience.stall))
                .timeout_per_read(Some(patience.stall))
                .timeout_per_write(Some(patience.stall))
                .max_idle_connections(0)
        };
        Self {
            agent: config().https_only(true).build().new_agent(),
            local: config().proxy(None).build().new_agent(),
            stall: patience.stall,
        }
    }

    /// Asks for a file, following redirects.
    ///
    /// # Errors
    /// No connection, a refusal of the server, a redirect that is not followed.
    pub(super) fn ask(&self, address: &Address, from: &Wanted) -> Result<Answer, Trouble> {
        let mut at = address.clone();
        for _ in 0..=MOST_REDIRECTS {
            let response = self.request(&at, from)?;
            if !response.status().is_redirection() || response.status().as_u16() == 304 {
                return self.answer(&at, from, response);
            }
            let to =
                header(&response, "location").ok_or_else(|| "it does not say where".to_owned());
            at = to.and_then(|to| at.redirected(&to)).map_err(|why| {
                Trouble::last(
                    format!("{at}: redirects to where evenhand does not go: {why}"),
                    "the address in the catalogue may be out of date: fetch the file by hand and use --mirror",
                )
            })?;
        }
        Err(Trouble::last(
            format!("{address}: more than {MOST_REDIRECTS} redirects, the last to {at}"),
            "the server sends in circles: try later, or fetch the file by hand and use --mirror",
        ))
    }

    fn request(&self, at: &Address, from: &Wanted) -> Result<Response<Body>, Trouble> {
        let agent = if at.is_local() {
            &self.local
        } else {
            &self.agent
        };
        let mut request = agent.get(at.0.clone());
        if from.byte > 0 {
            request = request.header("range", format!("bytes={}-", from.byte));
            if let Some(version) = &from.version {
                request = request.header("if-range", version.as_str());
            }
        }
        request.call().map_err(|error| self.trouble(at, &error))
    }

    fn answer(
        &self,
        at: &Address,
        from: &Wanted,
        response: Response<Body>,
    ) -> Result<Answer, Trouble> {
        let number = |name: &str| header(&response, name).and_then(|text| text.parse::<u64>().ok());
        let range = header(&response, "content-range");
        let (first, length) = match response.status().as_u16() {
            200 => (0, number("content-length")),
            206 => range.as_deref().and_then(part).ok_or_else(|| {
                Trouble::last(
                    format!("{at}: sends a part of the file and does not say which"),
                    "remove the .part file and fetch again",
                )
            })?,
            // Nothing stands behind what is here already; whether that is the file is for its hash to say.
            416 => (
                from.byte,
                range
                    .as_deref()
                    .and_then(|text| text.strip_prefix("bytes */")?.parse().ok()),
            ),
            status => return Err(refused(at, status)),
        };
        if let Some(coding) =
            header(&response, "content-encoding").filter(|coding| coding != "identity")
        {
            return Err(Trouble::last(
                format!("{at}: comes packed with {coding}, which was not asked for"),
                "its hash would be of other bytes: fetch the file by hand and use --mirror",
            ));
        }
        let coding = header(&response, "transfer-encoding");
        let is_chunked = coding.is_some_and(|coding| coding.to_lowercase().ends_with("chunked"));
        let last_modified = header(&response, "last-modified");
        let strong = header(&response, "etag").filter(|tag| !tag.starts_with("W/"));
        let is_empty = response.status().as_u16() == 416;
        Ok(Answer {
            from: first,
            is_end_marked: length.is_some() || is_chunked,
            length,
            version: strong.or_else(|| last_modified.clone()),
            date: header(&response, "date"),
            last_modified,
            body: if is_empty {
                Box::new(std::io::empty())
            } else {
                Box::new(response.into_body().into_reader())
            },
        })
    }

    fn trouble(&self, at: &Address, error: &ureq::Error) -> Trouble {
        match error {
            ureq::Error::Timeout(_) => Trouble::Broken(self.stalled(at)),
            ureq::Error::Io(fault) if is_of_the_connection(fault) => {
                Trouble::Broken(format!("{at}: {fault}"))
            }
            ureq::Error::ConnectionFailed => Trouble::Broken(format!("{at}: no connection")),
            ureq::Error::Io(fault) if fault.kind() == std::io::ErrorKind::InvalidData => {
                Trouble::last(
                    format!("{at}: no safe connection: {fault}"),
                    "whoever answers cannot show to be who was asked, or a proxy signs for others: fetch the file in a browser and use --mirror",
                )
            }
            ureq::Error::HostNotFound | ureq::Error::Io(_) => Trouble::last(
                format!("{at}: {error}"),
                "check the connection; without one, --mirror DIR takes files that you have",
            ),
            other => Trouble::last(
                format!("{at}: {other}"),
                "fetch the file by hand and use --mirror",
            ),
        }
    }

    /// The fault of a body that broke off.
    pub(super) fn broken(&self, at: &Address, fault: &std::io::Error) -> Trouble {
        let is_timeout = fault.kind() == std::io::ErrorKind::TimedOut
            || fault
                .get_ref()
                .is_some_and(|inner| matches!(inner.downcast_ref(), Some(ureq::Error::Timeout(_))));
        Trouble::Broken(if is_timeout {
            self.stalled(at)
        } else {
            format!("{at}: {fault}")
        })
    }

    fn stalled(&self, at: &Address) -> String {
        format!("{at}: nothing came for {} s", self.stall.as_secs_f64())
    }
}

fn header(response: &Response<Body>, name: &str) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?.trim();
    Some(value.to_owned()).filter(|value| !value.is_empty())
}

/// Whether another attempt may go better. A name that nobody knows, for one, stays unknown.
fn is_of_the_connection(fault: &std::io::Error) -> bool {
    use std::io::ErrorKind as Kind;
    matches!(
        fault.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::ConnectionAborted
            | Kind::BrokenPipe
            | Kind::NotConnected
            | Kind::UnexpectedEof
            | Kind::TimedOut
            | Kind::WouldBlock
            | Kind::HostUnreachable
            | Kind::NetworkUnreachable
            | Kind::NetworkDown
    )
}

/// First byte and whole length of a `Content-Range`: `bytes 5-9/10`, `bytes 5-9/*`. It must go to the end.
fn part(text: &str) -> Option<(u64, Option<u64>)> {
    let (span, whole) = text.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    let (first, last): (u64, u64) = (first.parse().ok()?, last.parse().ok()?);
    let whole: Option<u64> = if whole == "*" {
        None
    } else {
        Some(whole.parse().ok()?)
    };
    let is_whole = whole.is_none_or(|whole| last.checked_add(1) == Some(whole));
    (first <= last && is_whole).then_some((first, whole))
}

fn refused(at: &Address, status: u16) -> Trouble {
    let (what, hint) = match status {
        404 | 410 => (
            "there is no such file",
            "the address in the catalogue may be out of date: look for the file at its publisher, and use --mirror",
        ),
        401 | 403 | 406 => (
            "the server does not give it to programs, or not without being asked otherwise",
            "fetch the file in a browser and use --mirror",
        ),
        429 => ("the server has had too many requests", "try again later"),
        500..=599 => (
            "the server failed",
            "that is not for us to mend: try again later",
        ),
        _ => ("no file came", "fetch the file by hand and use --mirror"),
    };
    Trouble::last(format!("{at}: status {status}, {what}"), hint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_is_asked_and_this_machine() {
        for good in [
            "https://a.org/b",
            "http://127.0.0.1:8000/b",
            "http://[::1]:80/",
            "https://a.org/x?get=group(B03002)&for=county:*",
        ] {
            assert_eq!(Address::new(good).unwrap().to_string(), good);
        }
        for bad in [
            "http://a.org/b",
            "ftp://a.org/b",
            "http://localhost/b",
            "http://127.0.0.1.a.org/",
            "/b",
            "a b",
            "https://u:p@a.org/",
            "file:///etc/passwd",
        ] {
            assert!(Address::new(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_redirect_never_leaves_https() {
        let https = Address::new("https://a.org/x/y?z=1").unwrap();
        let to = |text: &str| https.redirected(text).map(|next| next.to_string());
        assert_eq!(to("https://b.org/c#d").unwrap(), "https://b.org/c");
        assert_eq!(to("//b.org/c").unwrap(), "https://b.org/c");
        assert_eq!(to("/c?d=e").unwrap(), "https://a.org/c?d=e");
        assert_eq!(to("c").unwrap(), "https://a.org/x/c");
        assert_eq!(
            to("/c?next=http://b.org").unwrap(),
            "https://a.org/c?next=http://b.org"
        );
        for bad in [
            "http://a.org/x",
            "http://127.0.0.1/x",
            "ftp://a.org/x",
            "http://[::1]/x",
        ] {
            assert!(to(bad).is_err(), "{bad}");
        }
        let local = Address::new("http://127.0.0.1:8000/x").unwrap();
        assert!(local.redirected("http://a.org/").is_err());
        assert!(local.redirected("https://a.org/").is_ok());
        assert_eq!(
            local.redirected("/z").unwrap().to_string(),
            "http://127.0.0.1:8000/z"
        );
    }

    #[test]
    fn a_part_says_where_it_begins_and_goes_to_the_end() {
        assert_eq!(part("bytes 5-9/10"), Some((5, Some(10))));
        assert_eq!(part("bytes 5-9/*"), Some((5, None)));
        for bad in [
            "bytes 5-8/10",
            "bytes 9-5/10",
            "5-9/10",
            "bytes */10",
            "bytes 5-18446744073709551615/1",
        ] {
            assert_eq!(part(bad), None, "{bad}");
        }
    }
}
