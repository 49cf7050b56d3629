//! What stands in the folder: hashes, records, what is not ours.

use super::*;

#[test]
fn a_first_fetch_names_its_file_and_writes_down_what_it_found() {
    let body = table(500);
    let head = [
        ("Content-Length", body.len().to_string()),
        ("Last-Modified", "Mon, 06 Jul 2026 10:00:00 GMT".into()),
        ("Date", "Tue, 07 Jul 2026 10:00:00 GMT".into()),
    ];
    let head: Vec<(&str, &str)> = head
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let server = Server::new(vec![reply("200 OK", &head, &body)]);
    let place = Place::new();
    let fetched = place.fetch(&dataset(&server)).unwrap();
    assert_eq!(
        (fetched.status, fetched.known_by, fetched.is_whole),
        (Status::Fetched, KnownBy::FirstFetch, true)
    );
    assert_eq!(
        (fetched.sha256.clone(), fetched.bytes),
        (sha256(&body), body.len() as u64)
    );
    assert_eq!(place.bytes("d/data.csv"), body);
    assert_eq!(
        place.files(),
        ["d/data.csv", "d/source.toml", "fetched.toml"]
    );
    let text = |name: &str| String::from_utf8(place.bytes(name)).unwrap();
    for word in [
        server.address.as_str(),
        &sha256(&body),
        "Mon, 06 Jul 2026",
        "Tue, 07 Jul 2026",
        "licence = \"not stated\"",
    ] {
        assert!(text("d/source.toml").contains(word), "{word}");
    }
    assert!(text("fetched.toml").contains(&format!(
        "[d]\nfile = \"data.csv\"\nbytes = {}\nsha256 = \"{}\"",
        body.len(),
        sha256(&body)
    )));
    assert!(
        server.asked()[0].contains("accept-encoding: identity"),
        "{:?}",
        server.asked()
    );

    let again = place.fetch(&dataset(&server)).unwrap();
    assert_eq!(
        (again.status, again.known_by),
        (Status::AlreadyThere, KnownBy::EarlierFetch)
    );
    assert_eq!(server.asked().len(), 1, "asked although it is here");
}

#[test]
fn a_changed_second_fetch_is_refused() {
    let (old, new) = (table(50), table(51));
    let server = Server::new(vec![whole(&old, "\"1\""), whole(&new, "\"2\"")]);
    let place = Place::new();
    place.fetch(&dataset(&server)).unwrap();
    fs::remove_file(place.folder().join("d/data.csv")).unwrap();
    let expected = place.bytes("fetched.toml");
    let count = format!("has {} bytes, and {} are expected", new.len(), old.len());
    place.refused(&dataset(&server), &[&count, "may have changed it"]);
    let same_length: Vec<u8> = old
        .iter()
        .map(|b| if *b == b'9' { b'8' } else { *b })
        .collect();
    let liar = Server::new(vec![whole(&same_length, "\"3\"")]);
    place.refused(
        &dataset(&liar),
        &[
            &sha256(&same_length),
            &sha256(&old),
            "fetched.toml",
            "remove [d]",
        ],
    );
    assert_eq!(place.files(), ["d/source.toml", "fetched.toml"]);
    assert_eq!(place.bytes("fetched.toml"), expected);
}

#[test]
fn a_wrong_hash_leaves_nothing() {
    let body = table(100);
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::new();
    let other = sha256(b"other");
    let wrong = Dataset {
        sha256: Some(other.clone()),
        ..dataset(&server)
    };
    place.refused(&wrong, &[&other, &sha256(&body), "the catalogue"]);
    assert_eq!(place.files(), [""; 0]);
    assert_eq!(server.asked().len(), 1, "a wrong hash is not tried again");
}

#[test]
fn what_stands_there_is_never_overwritten() {
    let body = table(100);
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::new();
    place.put("d/data.csv", b"mine");
    let error = place.fetch(&dataset(&server)).unwrap_err().to_string();
    assert!(error.contains("no hash is known"), "{error}");
    let error = place.fetch(&known(&server, &body)).unwrap_err().to_string();
    assert!(
        error.contains(&sha256(b"mine")) && error.contains(&sha256(&body)),
        "{error}"
    );
    assert_eq!(
        (place.bytes("d/data.csv"), server.asked().len()),
        (b"mine".to_vec(), 0)
    );

    let place = Place::new();
    place.put("d/source.toml", b"mine too");
    place.refused(
        &dataset(&server),
        &["source.toml was not written by evenhand fetch"],
    );
    assert_eq!(place.bytes("d/source.toml"), b"mine too");
}

#[test]
fn a_mirror_is_looked_at_instead() {
    let body = table(100);
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::new();
    place.workspace.write_bytes("mirror/d/data.csv", &body);
    let mirror = || {
        Some(Mirror::new(
            place.workspace.path("mirror").to_str().unwrap(),
        ))
    };
    let world = World::new(None, None);
    let fetched = place.fetch_in(&world, &dataset(&server), mirror()).unwrap();
    assert_eq!((fetched.sha256, fetched.is_whole), (sha256(&body), true));
    assert_eq!(place.bytes("d/data.csv"), body);
    let other = Place::new();
    let error = other
        .fetch_in(
            &world,
            &Dataset {
                name: "e".into(),
                ..known(&server, b"x")
            },
            mirror(),
        )
        .unwrap_err();
    assert!(error.to_string().contains("has no data.csv"), "{error}");
    let error = other
        .fetch_in(&world, &known(&server, b"x"), mirror())
        .unwrap_err();
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!((server.asked().len(), other.files()), (0, Vec::new()));

    let unknown = Dataset {
        address: None,
        ..dataset(&server)
    };
    let address = Some(Mirror::new(&format!("{}/there/", server.address)));
    assert_eq!(
        other.fetch_in(&world, &unknown, address).unwrap().sha256,
        sha256(&body)
    );
    assert!(
        server.asked()[0].starts_with("get /there/data.csv "),
        "{:?}",
        server.asked()
    );
    for bad in ["http://example.org/x", "ftp://127.0.0.1", "file:///etc"] {
        let error = Place::new()
            .fetch_in(&world, &unknown, Some(Mirror::new(bad)))
            .unwrap_err();
        assert!(
            error.to_string().contains("is not asked") || error.to_string().contains("no address"),
            "{error}"
        );
    }
    Place::new().refused(&unknown, &["a test", "--mirror DIR"]);
}

#[test]
fn two_fetches_do_not_collide() {
    let server = Server::new(vec![whole(&table(10), "\"1\"")]);
    let place = Place::new();
    let world = World::new(None, None);
    fs::create_dir_all(place.folder()).unwrap();
    let path = place.folder().join("fetched.lock");
    let lock = world.lock(&path).unwrap().unwrap();
    place.refused(&dataset(&server), &["another fetch is at work", "--into"]);
    assert_eq!(server.asked().len(), 0);
    world.unlock(&path, lock).unwrap();
    place.fetch(&dataset(&server)).unwrap();
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told_and_what_came_is_kept() {
    let server = Server::new(vec![whole(&table(100), "\"1\"")]);
    let place = Place::new();
    fs::create_dir_all(place.folder().join("d")).unwrap();
    let part = place.folder().join("d/data.csv.part");
    std::os::unix::fs::symlink("/dev/full", &part).unwrap();
    place.refused(
        &dataset(&server),
        &[
            "cannot write",
            "No space left",
            "is kept in",
            "goes on from there",
        ],
    );
    assert!(part.is_symlink());
    assert_eq!(server.asked().len(), 1, "a full disk is not tried again");
}

#[test]
fn pins_that_are_none_are_an_error_with_their_line() {
    let server = Server::new(vec![whole(&table(10), "\"1\"")]);
    let place = Place::new();
    place.put("fetched.toml", b"# mine\n[d]\nfile = 3\n");
    place.refused(&dataset(&server), &["fetched.toml:3", "move it away"]);
    place.put(
        "fetched.toml",
        b"[d]\nfile = \"data.csv\"\nbytes = 1\nsha256 = \"abc\"\naddress = \"x\"\n",
    );
    place.refused(&dataset(&server), &["found `abc` as the sha256 of d"]);
    assert_eq!(server.asked().len(), 0);
}
