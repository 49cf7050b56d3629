//! The command line.

use super::*;

fn output_of(folder: &Path, arguments: &[&str]) -> String {
    let outcome = run(folder, arguments);
    assert_eq!(
        (outcome.code, outcome.stderr.as_str()),
        (0, ""),
        "{arguments:?}"
    );
    outcome.stdout
}

#[test]
fn the_catalogue_is_listed_with_what_nobody_has_tried() {
    let text = output_of(root(), &["fetch", "--list"]);
    let line = |name: &str| {
        text.lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    assert!(
        line("nc-durham ").contains("stanford-v2")
            && line("nc-durham ").ends_with("(ODC-By 1.0; hash not known; untried)")
    );
    assert!(line("ice-arrests ").contains("hash known; untried"));
    assert!(line("nc-sbi ").ends_with("no address)"));
    let json: Vec<serde_json::Value> =
        serde_json::from_str(&output_of(root(), &["fetch", "--list", "--json"])).unwrap();
    let durham = json
        .iter()
        .find(|dataset| dataset["name"] == "nc-durham")
        .unwrap();
    assert!(
        durham["address"]
            .as_str()
            .unwrap()
            .starts_with("https://stacks.stanford.edu/")
    );
    assert_eq!(
        (&durham["tried"], &durham["packed"]),
        (&false.into(), &"zip".into())
    );
    let listed = output_of(root(), &["list", "datasets"]);
    assert!(listed.contains("evenhand fetch nc-durham") && listed.contains("287g-counties"));
    let wrong = run(root(), &["fetch", "nc-durhm"]);
    assert_eq!(wrong.code, 1);
    assert!(
        wrong.stderr.contains("did you mean `nc-durham`?"),
        "{}",
        wrong.stderr
    );
    assert_eq!(run(root(), &["fetch"]).code, 2);
}

#[test]
fn the_command_takes_a_folder_or_an_address_as_mirror() {
    let (csv, hits) = (table(100), table(7));
    let archive = zip(&[("nc_durham_2020_04_01.csv", &csv)]);
    let workspace = Workspace::new();
    workspace.write_bytes("mine/nc_durham_2020_04_01.csv.zip", &archive);
    let here = workspace.path(".");
    let text = output_of(
        &here,
        &["fetch", "nc-durham", "nc-durham", "--mirror", "mine"],
    );
    assert!(
        text.contains("this first fetch wrote it into fetched.toml")
            && text.contains("unpacked nc_durham_2020_04_01.csv"),
        "{text}"
    );
    assert_eq!(
        text.matches("sha256").count(),
        1,
        "a name given twice is fetched once: {text}"
    );
    assert_eq!(
        fs::read(workspace.path("datasets/fetched/nc-durham/nc_durham_2020_04_01.csv")).unwrap(),
        csv
    );

    let server = Server::new(vec![whole(&hits, "\"1\"")]);
    let arguments = [
        "fetch",
        "county-hits-2015",
        "--mirror",
        &server.address,
        "--into",
        "other",
        "--json",
    ];
    let json: serde_json::Value = serde_json::from_str(&output_of(&here, &arguments)).unwrap();
    assert_eq!(
        (&json[0]["status"], &json[0]["known_by"]),
        (&"fetched".into(), &"first_fetch".into())
    );
    assert_eq!(json[0]["sha256"], sha256(&hits));
    assert!(server.asked()[0].starts_with("get /fig4a_hit_rate_county.csv "));

    let missing = workspace.evenhand(&["fetch", "nc-durham", "--mirror", "nowhere"]);
    assert_eq!(missing.code, 1);
    assert!(
        missing.stderr.contains("nowhere: there is no such folder"),
        "{}",
        missing.stderr
    );
    // What was brought before a fault is told all the same.
    let half = workspace.evenhand(&[
        "fetch",
        "nc-durham",
        "nc-raleigh",
        "--mirror",
        "mine",
        "--json",
    ]);
    assert_eq!(half.code, 1);
    let json: serde_json::Value = serde_json::from_str(&half.stdout).unwrap();
    assert_eq!(json[0]["status"], "already_there");
    assert!(
        half.stderr.contains("mine has no nc_raleigh"),
        "{}",
        half.stderr
    );
}
