//! Baselines that are not residents: people on the road, counts of another kind.

use super::{cell, fault, near, read};
use crate::adjusted::{results, row};
use crate::harness::Workspace;

#[test]
fn people_on_the_road_are_residents_less_who_leaves_and_who_comes() {
    let workspace = Workspace::new();
    workspace
        .write("p.csv", "p,g,n,m\nA,black,1000,12\nB,black,400,5\nC,black,50,5\nD,black,70,1\n")
        .write(
            "flows.csv",
            "home,work,g,n,m\nA,A,black,300,9\nA,B,black,100,4\nA,Elsewhere,black,50,3\nB,A,black,200,84\nC,A,black,60,2\nA,B,green,9,1\n",
        );
    let text = "file = 'p.csv'\ncolumns = { place = 'p', group = 'g', population = 'n', moe90 = 'm' }\ncommuting = { file = 'flows.csv', home = 'home', work = 'work', group = 'g', workers = 'n', moe90 = 'm' }";
    let read = read(&workspace, text, None).unwrap();
    let people = &read.baseline;
    // 1000 - 100 - 50 + 200 + 60; margins 12, 4, 3, 84, 2. Who works at home moves nothing.
    near(cell(people, &["black", "A"]), (1110.0, 7229_f64.sqrt()));
    near(cell(people, &["black", "B"]), (300.0, 7097_f64.sqrt()));
    assert!(fault(people, &["black", "C"]).contains("more people commute out"));
    // D stands in no flow: residents alone are another kind of number.
    assert!(
        people
            .people(&["black".into(), "D".into()])
            .unwrap()
            .is_none()
    );
    let notes = read.ledger.notes.join("; ");
    assert!(
        notes.contains("have no population: D") && notes.contains("does not know: 1"),
        "{notes}"
    );
    workspace.write(
        "flows.csv",
        "home,work,g,n,m\nA,B,black,100,4\nA,B,black,100,4\n",
    );
    let twice = crate::baselines::read(&workspace, text, None).unwrap_err();
    assert!(twice.to_string().contains("flows.csv:3"), "{twice}");
}

#[test]
fn counts_as_a_benchmark_carry_the_error_of_a_count() {
    let workspace = Workspace::new();
    workspace
        .write("now.csv", "g,n\nwhite,400\nblack,300\n")
        .write("before.csv", "g,place,n\nwhite,a,300\nwhite,b,200\nblack,a,150\nblack,b,50\n")
        .write(
            "study.toml",
            "format = 1\ntitle = 't'\n[groups]\nreference = 'white'\ncompare = ['black']\n[[counts]]\nname = 'now'\nfile = 'now.csv'\nkeys = { group = 'g' }\nevents = 'n'\nyears = 1.0\n[[counts]]\nname = 'before'\nfile = 'before.csv'\nkeys = { group = 'g', place = 'place' }\nevents = 'n'\nyears = 1.0\n[[population]]\nname = 'earlier'\ncounts = 'before'\ncolumns = { group = 'group' }\nuniverse = 'stops of the year before'\nvintage = '2019'\n[[disparity]]\ncounts = 'now'\npopulation = 'earlier'\n",
        );
    let ratio = row(&results(&workspace), "rate_ratio", "yes");
    // (300/200) / (400/500); the variance of its logarithm is the sum of the reciprocals of all four counts.
    let estimate = 300.0 / 200.0 / (400.0 / 500.0);
    let error = (1.0_f64 / 300.0 + 1.0 / 200.0 + 1.0 / 400.0 + 1.0 / 500.0).sqrt();
    let close = |name: &str, want: f64| {
        let got = ratio[name].as_f64().unwrap();
        assert!(
            (got / want - 1.0).abs() < 1e-9,
            "{name}: {got}, not {want}: {ratio}"
        );
    };
    close("estimate", estimate);
    close(
        "conf_low",
        estimate * (-1.959_963_984_540_054 * error).exp(),
    );
    close(
        "conf_high",
        estimate * (1.959_963_984_540_054 * error).exp(),
    );
    workspace.change(
        "study.toml",
        "counts = 'now'\npop",
        "counts = 'before'\npop",
    );
    let own = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        own.code == 1 && own.stderr.contains("are their own benchmark"),
        "{}",
        own.stderr
    );
    workspace.change(
        "study.toml",
        "counts = 'before'\npop",
        "counts = 'now'\npop",
    );
    let plan = std::fs::read_to_string(workspace.path("study.toml")).unwrap();
    workspace.write(
        "study.toml",
        &format!("{plan}[disclosure]\npublished = 'withhold'\n"),
    );
    let withheld = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        withheld.code == 1 && withheld.stderr.contains("counts as a benchmark"),
        "{}",
        withheld.stderr
    );
    workspace.write("study.toml", &plan);
    workspace.change("study.toml", "counts = 'before'", "counts = 'befor'");
    let wrong = workspace.evenhand(&["check", "study.toml"]);
    assert!(
        wrong.stderr.contains("did you mean `before`?"),
        "{}",
        wrong.stderr
    );
}
