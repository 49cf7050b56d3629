//! Lists as their publishers write them: the template of the method page, those of ICE, real files.

use std::fs;
use std::path::PathBuf;

use super::{COUNTS, STUDY, accounts, checked, flat, in_mecklenburg, of, refused, status, with};
use crate::harness::{Workspace, public, root, run};

#[test]
fn the_template_of_the_method_page_can_be_read() {
    let page = run(root(), &["explain", "agreements"]);
    assert_eq!(page.code, 0);
    for heading in [
        "Question",
        "Data needed",
        "Estimator",
        "Assumptions",
        "What it cannot show",
        "Edge cases",
        "Sources",
    ] {
        assert!(
            page.stdout.contains(&format!("\n## {heading}\n")),
            "{heading}"
        );
    }
    let template = page
        .stdout
        .split("```text\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let workspace = with("");
    workspace.write("agreements.csv", template);
    status(&workspace, "unknown_end = \"in_force_until_evidence\"");
    assert_eq!(in_mecklenburg(&workspace)[1], "transition");
    // So can the table of the page, with a register of its own columns.
    let table = page
        .stdout
        .split("```toml\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    let table = table.replace("key         = \"task_force\"", "key = \"program\"");
    let study = STUDY.split("[[agreements]]").next().unwrap().to_owned()
        + &table
        + "\n[[rates]]"
        + STUDY.split("[[rates]]").nth(1).unwrap();
    workspace.write("study.toml", &study);
    workspace.write("agreements.csv", "state,county,level,agency,model,first_signed,ended\nNC,Mecklenburg County,county,Albemarle County Sheriff,Task Force,2006-02-27,2018-12-05\nNC,Mecklenburg County,county,Albermarle County Sheriff,Task Force,2006-02-27,2018-12-05\n");
    assert_eq!(in_mecklenburg(&workspace)[1], "transition");
}

/// A list of ICE's in one of its forms, read as of a day, in force until then.
fn ice(list: &str, more: &str) -> Workspace {
    let workspace = with("");
    workspace.write("agreements.csv", list);
    workspace.change(
        "study.toml",
        "format = \"agreements\"",
        &format!("format = \"ice-287g\"\nas_of = 2026-05-18\n{more}"),
    );
    status(
        &workspace,
        "unknown_end = \"in_force_until_evidence\"\nstatewide = \"covers\"",
    );
    workspace
}

#[test]
fn every_spelling_and_header_of_ices_lists_is_read() {
    let current = "STATE,LAW ENFORCEMENT AGENCY,TYPE,COUNTY,SUPPORT TYPE,SIGNED,MOA,ADDENDUM,,
NORTH CAROLINA ,Mecklenburg County Sheriff's Office,County ,Mecklenburg County,Jail Enforcment Model,2/27/06,link,,,
NORTH CAROLINA,A,Municipality ,#N/A,Jail Enforcement Model ,2025-03-01,link pending,,,
NORTH CAROLINA,B,County,Mecklenburg County,Warrant Services Officer,03/01/2025,link,,,
NORTH CAROLINA,C,County,Mecklenburg County,Warrant Service Office,2025-03-01 00:00:00,link,link,,
NORTH CAROLINA,D,County,Mecklenburg County,Warrant Service Officer,3/1/2025,link,,,
UTAHJ,E,State,,Task Force Officer,2025-03-01,link,,,
PENNSLYVANIA,F,State Agency ,,Task Force Model,2025-03-01,link,,,
WEST VIRIGINIA,G,,,Task Force Model,2025-03-01,link,,,
,,,#N/A,,,,,,
 , ,,,,,,,,
";
    let workspace = ice(current, "");
    let text = checked(&workspace);
    assert!(
        accounts(&text, "10", "8") && flat(&text).contains("dropped: blank row 2 "),
        "{text}"
    );
    assert!(
        text.contains("by kind: jail enforcement 2, task force 3, warrant service officer 3"),
        "{text}"
    );
    assert!(
        text.contains("by level: city 1, county 4, level not recorded 1, state 2"),
        "{text}"
    );
    assert!(
        text.contains("2 agreements name none and are not of a state"),
        "{text}"
    );
    assert!(
        text.contains("a history made from one list counts survivors"),
        "{text}"
    );
    assert_eq!(
        in_mecklenburg(&workspace),
        ["none", "transition", "in force", "in force", "in force"]
    );

    let odd = current.replace("Task Force Officer", "Task Force Offcer");
    refused(
        &ice(&odd, ""),
        &[
            "agreements.csv:7: column `SUPPORT TYPE`",
            "found `Task Force Offcer`",
            "did you mean `Task Force Officer`?",
        ],
    );

    // 2021 to 2024, and February 2025: no county, so that nothing can be joined, and the list is read all the same.
    let lists = [
        "STATE,LAW ENFORCEMENT AGENCY,SUPPORT TYPE,SIGNED,MOA\nALABAMA,Etowah County Sheriff's Office,Jail Enforcement Model,2020-06-08,link\n",
        "STATE,LAW ENFORCEMENT AGENCY,TYPE,SUPPORT TYPE,SIGNED,MOA\nALABAMA,Etowah County Sheriff's Office,County,Jail Enforcement Model,6/8/20,link\n",
    ];
    for (list, lacking) in lists.into_iter().zip(["COUNTY, TYPE", "COUNTY"]) {
        let workspace = ice(list, "");
        let study = fs::read_to_string(workspace.path("study.toml")).unwrap();
        let start = study.find("[[agreements.status]]").unwrap();
        let end = study.find("[[rates]]").unwrap();
        workspace.write(
            "study.toml",
            &study
                .replace(&study[start..end], "")
                .replace(", \"program\"", ""),
        );
        let text = checked(&workspace);
        assert!(
            text.contains(&format!("the file has no column {lacking}")),
            "{text}"
        );
        assert!(
            text.contains("2020: 1 began (jail enforcement 1)"),
            "{text}"
        );
    }

    // A list of pending agreements has no date.
    let pending = "STATE,LAW ENFORCEMENT AGENCY,TYPE,COUNTY,SUPPORT TYPE\nNORTH CAROLINA,A,County,Mecklenburg County,Task Force Model\nNORTH CAROLINA,B,County,#N/A,Task Force Model\n,,,#N/A,\n";
    refused(&ice(pending, ""), &["column `SIGNED`", "no such column"]);
    let workspace = ice(pending, "undated = \"not_known\"");
    assert_eq!(in_mecklenburg(&workspace)[4], "not known");
}

/// `check` of a register of real data, listed only, or with lines that make a key.
fn real(file: &PathBuf, format: &str, counts: &str, lines: &str) -> Workspace {
    let workspace = Workspace::new();
    workspace.write("counts.csv", counts);
    fs::copy(file, workspace.path("agreements.csv")).unwrap();
    workspace.write(
        "study.toml",
        &STUDY.replace("format = \"agreements\"", &format!("format = \"{format}\"")),
    );
    status(&workspace, lines);
    workspace
}

#[test]
fn the_lists_that_were_seen_have_the_counts_of_their_publishers() {
    let Some(folder) = public("287g-participation") else {
        return;
    };
    let counts = COUNTS.replace("NC,Durham County,2007", "NC,Gaston County,2026");
    let lines = "unknown_end = \"in_force_until_evidence\"\nstatewide = \"apart\"";
    let seen = real(
        &folder.join("ice_agreements_seen_2021-01_2026-05.csv"),
        "ice-287g-seen",
        &counts,
        lines,
    );
    let text = checked(&seen);
    assert!(accounts(&text, "2,201", "2,201"), "{text}");
    assert!(
        text.contains(
            "by kind: jail enforcement 238, task force 1,371, warrant service officer 592"
        )
    );
    assert!(text.contains("6 agreements kept without a date"));
    assert!(text.contains(
        "`Albemarle District Jail` (2020-03-19, line 1121) and `Albermarle District Jail`"
    ));
    let suspected = text.matches("suspected to be one agreement").count();
    assert_eq!(suspected, 193);

    // On the last list: 1,843 = 1,162 task forces + 499 warrant service officers + 182 jails.
    seen.change("study.toml", "format = \"ice-287g-seen\"", "format = \"ice-287g-seen\"\nfilter = [{ drop = \"not on the last list\", where = { last_seen = { not = \"2026-05-18\" } } }]");
    let text = checked(&seen);
    assert!(accounts(&text, "2,201", "1,843"), "{text}");
    assert!(
        text.contains(
            "by kind: jail enforcement 182, task force 1,162, warrant service officer 499"
        ),
        "{text}"
    );

    let lines =
        "unknown_end = \"not_known_after_evidence\"\nstatewide = \"apart\"\njoin = \"fips\"";
    let counts = COUNTS
        .replace("Mecklenburg County", "37119")
        .replace("Durham County", "48121");
    let condensed = real(
        &folder.join("agreements_2002_2017_condensed.csv"),
        "287g-condensed",
        &counts,
        lines,
    );
    let text = checked(&condensed);
    assert!(accounts(&text, "106", "106"), "{text}");
    assert!(text.contains("by kind: hybrid of jail and task force 3, jail enforcement 74, kind not recorded 7, task force 22"), "{text}");
    assert!(
        text.contains("by level: county or city 93, state 13"),
        "{text}"
    );
    // Denton County is covered by Carrollton, the third of its three counties, which signed in August 2008.
    assert_eq!(of(&condensed, "48121", "2007"), "none");
    assert_eq!(of(&condensed, "37119", "2006"), "transition");
    assert_eq!(of(&condensed, "37119", "2007"), "in force");
    assert_eq!(of(&condensed, "37119", "2019"), "not known");

    let tracking = real(
        &folder.join("agencies_2025_with_ori_population_policed.csv"),
        "tracking-287g",
        &COUNTS.replace("Durham County", "Gaston County"),
        "unknown_end = \"in_force_until_evidence\"",
    );
    let text = checked(&tracking);
    assert!(accounts(&text, "759", "759"), "{text}");
    assert!(
        text.contains("by kind: jail enforcement 113, task force 368, warrant service officer 278"),
        "{text}"
    );
}

#[test]
fn the_activations_of_secure_communities_are_months() {
    let Some(folder) = public("secure-communities-activation") else {
        return;
    };
    let counts = COUNTS
        .replace("Mecklenburg County,2005", "37119,2009")
        .replace("Mecklenburg County,2006", "37119,2010")
        .replace("Mecklenburg County", "37119")
        .replace("Durham County,2007", "02013,2007");
    let workspace = real(
        &folder.join("sc_activation_by_county.csv"),
        "secure-communities",
        &counts,
        "join = \"fips\"\nunknown_end = \"in_force\"",
    );
    let text = checked(&workspace);
    assert!(accounts(&text, "3,242", "3,242"), "{text}");
    assert!(
        text.contains("140 agreements kept without a date"),
        "{text}"
    );
    // Mecklenburg in October 2009; the Aleutians East have no date.
    assert_eq!(of(&workspace, "37119", "2009"), "transition");
    assert_eq!(of(&workspace, "37119", "2010"), "in force");
    assert_eq!(of(&workspace, "37119", "2007"), "none");
    assert_eq!(of(&workspace, "02013", "2007"), "not known");
}
