//! What comes packed.

use super::*;

#[test]
fn an_archive_is_unpacked_beside_itself() {
    let (one, two) = (table(300), table(20));
    let body = zip(&[("stops.csv", &one), ("notes/people.csv", &two)]);
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::new();
    let archive = packed(&server, Packing::Zip, "data.zip");
    let fetched = place.fetch(&archive).unwrap();
    let names: Vec<(&str, &str)> = fetched
        .files
        .iter()
        .map(|f| (f.file.as_str(), f.sha256.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("stops.csv", sha256(&one).as_str()),
            ("notes/people.csv", &sha256(&two))
        ]
    );
    assert_eq!(
        (
            place.bytes("d/stops.csv"),
            place.bytes("d/notes/people.csv")
        ),
        (one.clone(), two)
    );
    assert_eq!(place.bytes("d/data.zip"), body);
    // What was removed is unpacked again, without asking; what was changed is not overwritten.
    fs::remove_file(place.folder().join("d/stops.csv")).unwrap();
    assert_eq!(place.fetch(&archive).unwrap().status, Status::AlreadyThere);
    assert_eq!(place.bytes("d/stops.csv"), one);
    place.put("d/stops.csv", b"changed");
    let error = place.fetch(&archive).unwrap_err().to_string();
    assert!(error.contains("stands there with other bytes"), "{error}");
    assert_eq!(place.bytes("d/stops.csv"), b"changed");
    assert!(
        place.files().iter().all(|name| !name.ends_with(".part")),
        "{:?}",
        place.files()
    );
    assert_eq!(server.asked().len(), 1);
}

#[test]
fn an_archive_that_leads_out_of_its_folder_is_not_unpacked() {
    for name in [
        "../evil.csv",
        "a/../../evil.csv",
        "/tmp/evil.csv",
        "a\\..\\..\\evil.csv",
        "C:evil.csv",
        "source.toml",
        "DATA.ZIP",
    ] {
        let body = zip(&[("good.csv", b"a\n"), (name, b"evil")]);
        let server = Server::new(vec![whole(&body, "\"1\"")]);
        let place = Place::new();
        let error = place
            .fetch(&packed(&server, Packing::Zip, "data.zip"))
            .unwrap_err();
        assert!(
            error.hint().unwrap().contains("nothing of it was unpacked"),
            "{name}: {error}"
        );
        assert_eq!(place.files(), [""; 0], "{name}");
        assert!(!place.workspace.path("evil.csv").exists(), "{name}");
    }
    let twice = zip(&[("a.csv", b"a\n"), ("A.csv", b"b\n")]);
    let server = Server::new(vec![whole(&twice, "\"1\"")]);
    let error = Place::new()
        .fetch(&packed(&server, Packing::Zip, "data.zip"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("stands there twice"), "{error}");
}

#[test]
fn a_link_in_an_archive_is_not_followed() {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive
        .add_symlink("out", "../..", zip::write::SimpleFileOptions::default())
        .unwrap();
    let body = archive.finish().unwrap().into_inner();
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::new();
    let error = place
        .fetch(&packed(&server, Packing::Zip, "data.zip"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("`out` would lead out"), "{error}");
    assert_eq!(place.files(), [""; 0]);
}

#[test]
fn a_small_archive_does_not_fill_the_disk() {
    let body = zip(&[("zeros.csv", &vec![b'0'; 1 << 20])]);
    assert!(body.len() < 10_000, "{}", body.len());
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::with_limits(Limits {
        unpacked: 1 << 19,
        ..Limits::default()
    });
    let error = place
        .fetch(&packed(&server, Packing::Zip, "data.zip"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than evenhand unpacks"), "{error}");
    // One that lies about its size is stopped while it is unpacked.
    let mut liar = body.clone();
    let true_size = (1_u32 << 20).to_le_bytes();
    let places: Vec<usize> = (0..liar.len() - 3)
        .filter(|at| liar[*at..*at + 4] == true_size)
        .collect();
    assert!(!places.is_empty());
    for at in places {
        liar[at..at + 4].copy_from_slice(&9_u32.to_le_bytes());
    }
    let server = Server::new(vec![whole(&liar, "\"1\"")]);
    let error = place
        .fetch(&packed(&server, Packing::Zip, "data.zip"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("more than evenhand unpacks") || error.contains("cannot be unpacked"),
        "{error}"
    );
    assert!(
        !place.folder().join("d/zeros.csv").exists()
            && !place.folder().join("d/zeros.csv.part").exists()
    );
    let many: Vec<(String, Vec<u8>)> = (0..4)
        .map(|i| (format!("{i}.csv"), b"a\n".to_vec()))
        .collect();
    let many: Vec<(&str, &[u8])> = many
        .iter()
        .map(|(name, bytes)| (name.as_str(), bytes.as_slice()))
        .collect();
    let server = Server::new(vec![whole(&zip(&many), "\"1\"")]);
    let place = Place::with_limits(Limits {
        entries: 3,
        ..Limits::default()
    });
    let error = place
        .fetch(&packed(&server, Packing::Zip, "data.zip"))
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than evenhand unpacks"), "{error}");
}

#[test]
fn gzip_is_unpacked_and_damage_is_told() {
    let table = table(3000);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(&table).unwrap();
    let body = packer.finish().unwrap();
    let server = Server::new(vec![whole(&body, "\"1\"")]);
    let place = Place::new();
    place
        .fetch(&packed(&server, Packing::Gz, "data.csv.gz"))
        .unwrap();
    assert_eq!(
        (place.bytes("d/data.csv"), place.bytes("d/data.csv.gz")),
        (table, body.clone())
    );

    let short = Server::new(vec![whole(&body[..body.len() / 2], "\"1\"")]);
    let place = Place::new();
    place.refused(
        &packed(&short, Packing::Gz, "data.csv.gz"),
        &["cannot be unpacked"],
    );
    assert!(
        place.files().iter().all(|name| !name.ends_with(".part")),
        "{:?}",
        place.files()
    );
    let plain = Server::new(vec![whole(b"a,b\n", "\"1\"")]);
    let place = Place::new();
    place.refused(
        &packed(&plain, Packing::Gz, "data.csv.gz"),
        &["not packed with gzip"],
    );
    place.refused(
        &packed(&plain, Packing::Zip, "data.zip"),
        &["cannot be unpacked"],
    );
    assert_eq!(place.files(), [""; 0]);
}
