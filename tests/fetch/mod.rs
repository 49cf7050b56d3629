//! `evenhand fetch` against a server on this machine that breaks off, stalls, redirects, lies and changes its mind.

mod archives;
mod command;
mod folder;
mod network;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use evenhand::error::Error;
use evenhand::fetch::{
    Dataset, Fetched, Fetcher, KnownBy, Limits, Mirror, Packing, Patience, Settings, Status,
};
use evenhand::ingest::sha256;
use evenhand::world::{Watcher, World};

use crate::harness::{Workspace, files_below, root, run};

/// What the server says to one request, byte for byte, and whether it then keeps silent instead of hanging up.
struct Reply {
    head: String,
    body: Vec<u8>,
    is_silent_after: bool,
}

/// A reply with a status line, headers and a body.
fn reply(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let headers: String = headers
        .iter()
        .map(|(name, value)| format!("{name}: {value}\r\n"))
        .collect();
    Reply {
        head: format!("HTTP/1.1 {status}\r\n{headers}Connection: close\r\n\r\n"),
        body: body.to_vec(),
        is_silent_after: false,
    }
}

/// The whole file with its length and a version.
fn whole(body: &[u8], version: &str) -> Reply {
    reply(
        "200 OK",
        &[
            ("Content-Length", &body.len().to_string()),
            ("ETag", version),
        ],
        body,
    )
}

/// The beginning of a file of which the rest does not come.
fn cut(body: &[u8], at: usize, version: &str) -> Reply {
    Reply {
        body: body[..at].to_vec(),
        ..whole(body, version)
    }
}

/// The rest of a file from a byte on.
fn rest(body: &[u8], at: usize, version: &str) -> Reply {
    let range = format!("bytes {at}-{}/{}", body.len() - 1, body.len());
    let length = (body.len() - at).to_string();
    let headers = [
        ("Content-Range", range.as_str()),
        ("Content-Length", &length),
        ("ETag", version),
    ];
    reply("206 Partial Content", &headers, &body[at..])
}

/// A server that gives one reply after the other, the last one for ever, and remembers what it was asked.
struct Server {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    fn new(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        std::thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let mut stream = stream.unwrap();
                log.lock().unwrap().push(request(&mut stream));
                let reply = &replies[number.min(replies.len() - 1)];
                let _ = stream
                    .write_all(reply.head.as_bytes())
                    .and_then(|()| stream.write_all(&reply.body));
                if reply.is_silent_after {
                    // For ever would hang a client that waits for ever, where it should fail.
                    std::thread::spawn(move || {
                        std::thread::sleep(Duration::from_secs(3));
                        drop(stream);
                    });
                }
            }
        });
        Self { address, asked }
    }

    /// What was asked, in small letters.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn request(stream: &mut TcpStream) -> String {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        text.push(byte[0]);
    }
    String::from_utf8_lossy(&text).to_lowercase()
}

/// A folder to fetch into.
struct Place {
    workspace: Workspace,
    limits: Limits,
    attempts: usize,
    stall: Duration,
}

impl Place {
    fn new() -> Self {
        Self {
            workspace: Workspace::new(),
            limits: Limits::default(),
            attempts: 3,
            stall: Duration::from_secs(10),
        }
    }

    fn with_limits(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::new()
        }
    }

    /// One that tries once only.
    fn impatient() -> Self {
        Self {
            attempts: 0,
            ..Self::new()
        }
    }

    /// One that tries once only, and takes a quarter of a second without bytes for silence.
    fn hasty() -> Self {
        Self {
            stall: Duration::from_millis(250),
            ..Self::impatient()
        }
    }

    fn folder(&self) -> PathBuf {
        self.workspace.path("fetched")
    }

    fn settings(&self, mirror: Option<Mirror>) -> Settings {
        Settings {
            into: self.folder(),
            mirror,
            patience: Patience {
                connect: Duration::from_secs(5),
                stall: self.stall,
                pauses: vec![Duration::from_millis(5); self.attempts],
            },
            limits: self.limits.clone(),
        }
    }

    fn fetch(&self, dataset: &Dataset) -> Result<Fetched, Error> {
        self.fetch_in(&World::new(None, None), dataset, None)
    }

    fn fetch_in(
        &self,
        world: &World,
        dataset: &Dataset,
        mirror: Option<Mirror>,
    ) -> Result<Fetched, Error> {
        Fetcher::new(world, self.settings(mirror)).fetch(dataset)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.folder().join(name)).unwrap()
    }

    fn files(&self) -> Vec<String> {
        if !self.folder().exists() {
            return Vec::new();
        }
        files_below(&self.folder())
            .iter()
            .map(|path| path.display().to_string())
            .collect()
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        self.workspace
            .write_bytes(&format!("fetched/{name}"), bytes);
    }

    /// Fetches, and expects to be refused with all of `words`, with nothing under the dataset's name.
    fn refused(&self, dataset: &Dataset, words: &[&str]) -> Error {
        let error = self.fetch(dataset).unwrap_err();
        let text = format!("{error}\nhint: {}", error.hint().unwrap_or("none"));
        for word in words {
            assert!(text.contains(word), "no `{word}` in: {text}");
        }
        assert!(
            !self.folder().join("d/data.csv").exists(),
            "it has its name: {:?}",
            self.files()
        );
        error
    }
}

/// A dataset of the server, without a known hash.
fn dataset(server: &Server) -> Dataset {
    Dataset {
        name: "d".into(),
        format: "csv".into(),
        title: "A table".into(),
        licence: "not stated".into(),
        packed: Packing::No,
        file: "data.csv".into(),
        bytes: None,
        sha256: None,
        address: Some(format!("{}/data.csv", server.address)),
        named_by: "a test".into(),
        tried: false,
    }
}

fn known(server: &Server, body: &[u8]) -> Dataset {
    Dataset {
        sha256: Some(sha256(body)),
        ..dataset(server)
    }
}

fn packed(server: &Server, packed: Packing, file: &str) -> Dataset {
    let address = Some(format!("{}/{file}", server.address));
    Dataset {
        packed,
        file: file.into(),
        address,
        ..dataset(server)
    }
}

/// Some bytes that are no other bytes.
fn table(rows: usize) -> Vec<u8> {
    let rows: String = (0..rows)
        .map(|row| format!("{row},{}\n", row * row))
        .collect();
    format!("a,b\n{rows}").into_bytes()
}

fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        archive
            .start_file(*name, zip::write::SimpleFileOptions::default())
            .unwrap();
        archive.write_all(bytes).unwrap();
    }
    archive.finish().unwrap().into_inner()
}
