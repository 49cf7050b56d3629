//! Breaks, silence, refusals and detours.

use super::*;

#[test]
fn a_cut_connection_is_gone_on_from() {
    let body = table(40_000);
    let server = Server::new(vec![
        cut(&body, 100_000, "\"1\""),
        cut(&body[..], 0, "\"1\""),
        rest(&body, 100_000, "\"1\""),
    ]);
    let place = Place::new();
    // The second reply begins anew and breaks off at once: then there is nothing to go on from.
    let error = place.fetch(&dataset(&server));
    assert!(
        error.is_err(),
        "a rest without its beginning passed for the file"
    );

    let server = Server::new(vec![
        cut(&body, 100_000, "\"1\""),
        rest(&body, 100_000, "\"1\""),
    ]);
    let place = Place::new();
    let fetched = place.fetch(&dataset(&server)).unwrap();
    assert_eq!(place.bytes("d/data.csv"), body);
    assert_eq!(fetched.sha256, sha256(&body));
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(!asked[0].contains("range"), "{}", asked[0]);
    assert!(
        asked[1].contains("range: bytes=100000-\r\n") && asked[1].contains("if-range: \"1\"\r\n"),
        "{}",
        asked[1]
    );
}

#[test]
fn a_later_fetch_goes_on_where_one_gave_up() {
    let body = table(40_000);
    let server = Server::new(vec![
        cut(&body, 70_000, "\"1\""),
        rest(&body, 70_000, "\"1\""),
    ]);
    let place = Place::impatient();
    place.refused(
        &dataset(&server),
        &["1 attempts", "70,000 bytes are kept in", "data.csv.part"],
    );
    assert_eq!(place.files(), ["d/data.csv.part", "d/data.csv.part.toml"]);
    let fetched = place.fetch(&dataset(&server)).unwrap();
    assert_eq!(fetched.resumed_from, 70_000);
    assert_eq!(place.bytes("d/data.csv"), body);
    assert_eq!(
        place.files(),
        ["d/data.csv", "d/source.toml", "fetched.toml"]
    );
}

#[test]
fn halves_of_two_versions_never_make_one_file() {
    let (old, new) = (table(40_000), table(40_001));
    // A server that knows If-Range sends all of the new version.
    let server = Server::new(vec![cut(&old, 70_000, "\"1\""), whole(&new, "\"2\"")]);
    let place = Place::new();
    assert_eq!(place.fetch(&dataset(&server)).unwrap().sha256, sha256(&new));
    // One that does not sends the rest of the new version: it is seen by its version, and all is asked for again.
    let server = Server::new(vec![
        cut(&old, 70_000, "\"1\""),
        rest(&new, 70_000, "\"2\""),
        whole(&new, "\"2\""),
    ]);
    let place = Place::new();
    assert_eq!(place.fetch(&dataset(&server)).unwrap().sha256, sha256(&new));
    assert!(
        !server.asked()[2].contains("range:"),
        "{}",
        server.asked()[2]
    );
    // One that names no version is not asked for a rest at all, as long as no hash could tell.
    let nameless = |at: usize| {
        reply(
            "200 OK",
            &[("Content-Length", &old.len().to_string())],
            &old[..at],
        )
    };
    let server = Server::new(vec![nameless(70_000), nameless(old.len())]);
    let place = Place::new();
    assert_eq!(place.fetch(&dataset(&server)).unwrap().sha256, sha256(&old));
    assert!(
        server.asked().iter().all(|asked| !asked.contains("range:")),
        "{:?}",
        server.asked()
    );
}

#[test]
fn a_known_hash_allows_to_go_on_and_finds_a_wrong_beginning() {
    let body = table(40_000);
    let nameless = |from: usize| Reply {
        head: rest(&body, from, "x").head.replace("ETag: x\r\n", ""),
        ..rest(&body, from, "x")
    };
    let server = Server::new(vec![nameless(70_000)]);
    let place = Place::new();
    place.put("d/data.csv.part", &body[..70_000]);
    let fetched = place.fetch(&known(&server, &body)).unwrap();
    assert_eq!(
        (fetched.resumed_from, fetched.known_by),
        (70_000, KnownBy::Catalogue)
    );
    assert!(
        !place.folder().join("fetched.toml").exists(),
        "the catalogue knows the hash already"
    );

    let server = Server::new(vec![nameless(70_000), whole(&body, "\"1\"")]);
    let place = Place::new();
    place.put("d/data.csv.part", &vec![b'x'; 70_000]);
    let fetched = place.fetch(&known(&server, &body)).unwrap();
    assert_eq!((fetched.resumed_from, place.bytes("d/data.csv")), (0, body));
    assert_eq!(server.asked().len(), 2);
}

#[test]
fn a_server_without_ranges_sends_all_again() {
    let body = table(40_000);
    let server = Server::new(vec![cut(&body, 70_000, "\"1\""), whole(&body, "\"1\"")]);
    let place = Place::new();
    let fetched = place.fetch(&dataset(&server)).unwrap();
    assert_eq!((place.bytes("d/data.csv"), fetched.resumed_from), (body, 0));
    assert!(server.asked()[1].contains("range: bytes=70000-"));
}

#[test]
fn nothing_behind_what_is_here_means_that_it_is_whole_only_if_it_is() {
    let body = table(400);
    let beyond = |length: usize| {
        reply(
            "416 Range Not Satisfiable",
            &[
                ("Content-Range", &format!("bytes */{length}")),
                ("Content-Length", "0"),
            ],
            b"",
        )
    };
    let server = Server::new(vec![beyond(body.len())]);
    let place = Place::new();
    place.put("d/data.csv.part", &body);
    assert_eq!(
        place.fetch(&known(&server, &body)).unwrap().resumed_from,
        body.len() as u64
    );
    let server = Server::new(vec![beyond(body.len()), whole(&body, "\"1\"")]);
    let place = Place::new();
    place.put("d/data.csv.part", &table(500));
    assert_eq!(
        place.fetch(&known(&server, &body)).unwrap().sha256,
        sha256(&body)
    );
}

#[test]
fn a_body_that_ends_too_early_is_no_file() {
    let body = table(100);
    let long = reply(
        "200 OK",
        &[("Content-Length", &(body.len() + 1).to_string())],
        &body,
    );
    let server = Server::new(vec![long]);
    let place = Place::new();
    place.refused(&dataset(&server), &["4 attempts", "are kept"]);
    assert_eq!(server.asked().len(), 4, "three attempts after the first");
}

#[test]
fn a_rest_that_is_shorter_than_it_says_is_no_rest() {
    let body = table(40_000);
    let short = |length: usize| {
        let whole = rest(&body, 70_000, "\"1\"");
        let said = format!("Content-Length: {}", body.len() - 70_000);
        Reply {
            head: whole
                .head
                .replace(&said, &format!("Content-Length: {length}")),
            body: whole.body[..length].to_vec(),
            ..whole
        }
    };
    let server = Server::new(vec![cut(&body, 70_000, "\"1\""), short(1000)]);
    let place = Place {
        attempts: 1,
        ..Place::new()
    };
    place.refused(&dataset(&server), &["ended after 71,000 of", "are kept"]);
}

#[test]
fn chunks_mark_their_end() {
    let body = table(100);
    let chunked = |end: &str| {
        let mut chunks = format!("{:x}\r\n", body.len()).into_bytes();
        chunks.extend_from_slice(&body);
        chunks.extend_from_slice(end.as_bytes());
        reply("200 OK", &[("Transfer-Encoding", "chunked")], &chunks)
    };
    let server = Server::new(vec![chunked("\r\n0\r\n\r\n")]);
    let fetched = Place::new().fetch(&dataset(&server)).unwrap();
    assert_eq!((fetched.sha256, fetched.is_whole), (sha256(&body), true));
    let server = Server::new(vec![chunked("\r\n")]);
    Place::new().refused(&dataset(&server), &["4 attempts"]);
}

#[test]
fn a_length_that_is_not_said_is_told() {
    let body = table(100);
    let server = Server::new(vec![reply("200 OK", &[], &body)]);
    let place = Place::new();
    let fetched = place.fetch(&dataset(&server)).unwrap();
    assert!(!fetched.is_whole, "nobody said how long it is");
    let place = Place::new();
    assert!(
        place.fetch(&known(&server, &body)).unwrap().is_whole,
        "its hash says so"
    );
}

/// Certificates are checked and cannot be had here; that TLS is spoken at all is seen by who does not understand it.
#[test]
fn who_does_not_speak_tls_is_not_believed() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = Server {
        address: format!("https://{}", listener.local_addr().unwrap()),
        asked: Arc::default(),
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = stream.unwrap().write_all(b"HTTP/1.1 200 OK\r\n\r\na,b\n");
        }
    });
    let (place, secure) = (Place::impatient(), dataset(&server));
    place.refused(&secure, &["no safe connection", "--mirror"]);
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn silence_is_not_waited_out() {
    let body = table(40_000);
    let silent = |reply: Reply| Reply {
        is_silent_after: true,
        ..reply
    };
    let server = Server::new(vec![silent(cut(&body, 70_000, "\"1\""))]);
    let place = Place::hasty();
    place.refused(
        &dataset(&server),
        &["nothing came for 0.25 s", "70,000 bytes are kept"],
    );
    let mute = Server::new(vec![Reply {
        head: String::new(),
        body: Vec::new(),
        is_silent_after: true,
    }]);
    let place = Place::hasty();
    place.refused(
        &dataset(&mute),
        &["nothing came for 0.25 s", "check the connection"],
    );
    // After silence the next attempt goes on.
    let server = Server::new(vec![
        silent(cut(&body, 70_000, "\"1\"")),
        rest(&body, 70_000, "\"1\""),
    ]);
    assert_eq!(
        Place {
            attempts: 1,
            ..Place::hasty()
        }
        .fetch(&dataset(&server))
        .unwrap()
        .sha256,
        sha256(&body)
    );
}

#[test]
fn nobody_there_is_tried_a_few_times() {
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let gone = Server {
        address: format!("http://{port}"),
        asked: Arc::default(),
    };
    let place = Place::new();
    place.refused(&dataset(&gone), &["4 attempts", "--mirror"]);
    let hangs_up = Server::new(vec![Reply {
        head: String::new(),
        body: Vec::new(),
        is_silent_after: false,
    }]);
    place.refused(&dataset(&hangs_up), &["4 attempts", "--mirror"]);
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn refusals_are_told_and_not_tried_again() {
    for (status, words) in [
        (
            "404 Not Found",
            ["status 404", "there is no such file", "--mirror"],
        ),
        (
            "403 Forbidden",
            ["status 403", "does not give it to programs", "browser"],
        ),
        (
            "500 Internal Server Error",
            ["status 500", "the server failed", "later"],
        ),
        (
            "503 Service Unavailable",
            ["status 503", "the server failed", "later"],
        ),
        (
            "429 Too Many Requests",
            ["status 429", "too many requests", "later"],
        ),
        ("204 No Content", ["status 204", "no file came", "--mirror"]),
    ] {
        let server = Server::new(vec![reply(status, &[("Content-Length", "0")], b"")]);
        let place = Place::new();
        place.refused(&dataset(&server), &words);
        assert_eq!(
            (server.asked().len(), place.files()),
            (1, Vec::new()),
            "{status}"
        );
    }
}

#[test]
fn redirects_are_followed_within_limits() {
    let body = table(100);
    let to = |place: &str| {
        reply(
            "302 Found",
            &[("Location", place), ("Content-Length", "0")],
            b"",
        )
    };
    let server = Server::new(vec![
        to("/elsewhere/"),
        to("table.csv?a=b"),
        whole(&body, "\"1\""),
    ]);
    let fetched = Place::new().fetch(&dataset(&server)).unwrap();
    assert_eq!(fetched.sha256, sha256(&body));
    assert_eq!(
        fetched.from.unwrap(),
        format!("{}/data.csv", server.address)
    );
    assert!(
        server.asked()[2].starts_with("get /elsewhere/table.csv?a=b "),
        "{:?}",
        server.asked()
    );

    let server = Server::new(vec![to("/data.csv")]);
    Place::new().refused(&dataset(&server), &["more than 5 redirects", "in circles"]);
    assert_eq!(server.asked().len(), 6);
    let nowhere = Server::new(vec![reply("302 Found", &[("Content-Length", "0")], b"")]);
    Place::new().refused(&dataset(&nowhere), &["does not say where"]);
    for away in [
        "http://192.0.2.1/data.csv",
        "ftp://127.0.0.1/data.csv",
        "http://u:p@127.0.0.1/",
    ] {
        let server = Server::new(vec![to(away), whole(&body, "\"1\"")]);
        Place::new().refused(&dataset(&server), &["does not go"]);
        assert_eq!(server.asked().len(), 1, "{away}");
    }
}

#[test]
fn what_is_no_data_is_not_written_down() {
    for (body, what) in [
        (&b"\n <!DOCTYPE html><html>log in</html>"[..], "a web page"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n",
            "a note of where the file is stored",
        ),
        (b"", "an empty file"),
    ] {
        let server = Server::new(vec![whole(body, "\"1\"")]);
        let place = Place::new();
        place.refused(&dataset(&server), &[what]);
        assert_eq!(place.files(), [""; 0]);
    }
    let body = table(10);
    let packed = reply(
        "200 OK",
        &[
            ("Content-Encoding", "gzip"),
            ("Content-Length", &body.len().to_string()),
        ],
        &body,
    );
    let server = Server::new(vec![packed]);
    Place::new().refused(&dataset(&server), &["packed with gzip", "not asked for"]);
}

#[test]
fn a_length_that_cannot_be_right_is_refused_before_it_comes() {
    let body = table(100);
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let short = Dataset {
        bytes: Some(10),
        ..known(&server, &body)
    };
    Place::new().refused(&short, &["bytes, and 10 are expected"]);
    let unknown = Dataset {
        bytes: Some(10),
        ..dataset(&server)
    };
    Place::new().refused(&unknown, &["bytes, and 10 are expected"]);
    let limits = || Limits {
        download: 100,
        ..Limits::default()
    };
    Place::with_limits(limits()).refused(&dataset(&server), &["more than 100 bytes"]);
    let unsaid = Server::new(vec![reply("200 OK", &[], &body)]);
    Place::with_limits(limits()).refused(&dataset(&unsaid), &["more than 100 bytes"]);
}

/// Remembers how many bytes it was told of.
#[derive(Debug, Default)]
struct Bytes(Mutex<Vec<(u64, Option<u64>)>>);

impl Watcher for Bytes {
    fn stage(&self, _: &str) {}
    fn rows(&self, _: u64) {}
    fn bytes(&self, so_far: u64, of: Option<u64>) {
        self.0.lock().unwrap().push((so_far, of));
    }
    fn done(&self) {}
}

#[test]
fn progress_is_told_in_bytes() {
    let body = table(40_000);
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let watcher = Arc::new(Bytes::default());
    let world = World::new(None, None).watched_by(watcher.clone());
    Place::new()
        .fetch_in(&world, &dataset(&server), None)
        .unwrap();
    let told = watcher.0.lock().unwrap().clone();
    let all = body.len() as u64;
    assert!(told.len() > 1 && told.is_sorted(), "{told:?}");
    assert_eq!(told.last(), Some(&(all, Some(all))));
}
