//! Published counts with groups as columns, and publishers' formats of counts and populations.

use evenhand::ingest::{
    CountsConfig, DataRoot, Periods, PeriodsConfig, PublishedCounts, read_counts, read_population,
    shipped_formats,
};

use crate::baselines::{GROUPS, baseline, cell, config, groups, near, read, world};
use crate::harness::{Workspace, public};

// Published counts.

fn counts(
    workspace: &Workspace,
    text: &str,
    format: Option<&str>,
) -> Result<PublishedCounts, evenhand::error::Error> {
    let own: CountsConfig =
        toml::from_str(&format!("name = 'searches'\nfile = 'c.csv'\n{text}")).unwrap();
    let config = match format {
        None => own,
        Some(name) => {
            let formats = shipped_formats().unwrap();
            let format = formats.iter().find(|format| format.name == name).unwrap();
            own.with_format(format.counts.as_ref().unwrap())
        }
    };
    let study = "reference = 'white'\ncompare = ['black', 'hispanic']\nlabels = { asian = 'Asian', native = 'Native', other = 'Other', asian_pacific = 'Asian' }";
    let periods = Periods::new(&PeriodsConfig::default()).unwrap();
    read_counts(
        &world(),
        &workspace.path("c.csv"),
        &config,
        &groups(study),
        &periods,
    )
}

fn of_cell(counts: &PublishedCounts, key: &[&str]) -> (u64, Option<u64>) {
    let key: Vec<String> = key.iter().map(|&value| value.to_owned()).collect();
    let cell = counts
        .table
        .cell(&key)
        .unwrap_or_else(|| panic!("{key:?} in {:?}", counts.table));
    (cell.events, cell.trials)
}

#[test]
fn counts_have_groups_as_columns() {
    let workspace = Workspace::new();
    workspace.write(
        "c.csv",
        "town,w_s,w_t,b_s,b_s2,b_t\nA,4,100,3,2,50\nB,1,10,0,0,9\n",
    );
    let text = "keys = { place = 'town' }\ntrials_are = 'stops'\nwide = { white = { events = 'w_s', trials = 'w_t' }, black = { events = ['b_s', 'b_s2'], trials = 'b_t' } }";
    let read = counts(&workspace, text, None).unwrap();
    assert_eq!(of_cell(&read, &["black", "A"]), (5, Some(50)));
    assert_eq!(of_cell(&read, &["white", "B"]), (1, Some(10)));
    assert_eq!(read.outcome.trials.as_deref(), Some("stops"));
    assert_eq!((read.ledger.rows_in, read.ledger.rows_kept), (2, 2));
    workspace.change("c.csv", "A,4,100", "A,400,100");
    let error = counts(&workspace, text, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("c.csv:2: column `w_s`: found 400, above the 100"),
        "{error}"
    );
    for (wrong, words) in [
        (
            "wide = { white = 'w_s', black = { events = 'b_s', trials = 'b_t' } }",
            "some groups have trials",
        ),
        (
            "wide = { white = { events = 'w_s', trials = 'w_t' } }",
            "what their trials are called",
        ),
        (
            "wide = { white = 'w_s' }\nevents = 'b_s'",
            "a column of `events`",
        ),
        (
            "wide = { white = 'w_s' }\nkeys = { group = 'town' }",
            "`keys` names `group`",
        ),
        ("keys = { group = 'town' }", "no column of events"),
        (
            "wide = { white = 'w_s' }\ntrials_are = 'stops'",
            "have a name, and no column",
        ),
        (
            "wide = { white = { fraction = 'w_s' } }\ntrials_are = 'stops'\nlines = { column = 'town', events = ['A'] }",
            "the lines of a form are its trials",
        ),
        (
            "wide = { white = 'w_s' }\nsum_over = ['b_t']\nlines = { column = 'town', events = ['A'] }",
            "rows that are added up",
        ),
    ] {
        let error = counts(&workspace, wrong, None).unwrap_err();
        assert!(error.to_string().contains(words), "{wrong}: {error}");
    }
}

#[test]
fn the_lines_of_a_form_are_events_and_trials_and_none_may_be_lacking() {
    let workspace = Workspace::new();
    let header =
        "line,Black,Asian/Pacific Islander,White,Hispanic/Latino,Alaska Native/American Indian\n";
    let form = format!(
        "{header}Total stops,\"1,230\",5,\"2,000\",400,3\nSearch conducted: Yes,30,0,40,10,0\nSearch conducted: No,\"1,200\",5,\"1,960\",390,3\n"
    );
    workspace.write("c.csv", &form);
    let read = counts(&workspace, "", Some("texas-tcole")).unwrap();
    assert_eq!(of_cell(&read, &["black"]), (30, Some(1230)));
    assert_eq!(of_cell(&read, &["asian_pacific"]), (0, Some(5)));
    let left: Vec<u64> = read.ledger.dropped.iter().map(|d| d.rows).collect();
    assert_eq!((left, read.ledger.rows_kept), (vec![0, 0, 1], 2));
    workspace.change("c.csv", "Search conducted: No", "Search conducted: no");
    let error = counts(&workspace, "", Some("texas-tcole")).unwrap_err();
    assert!(
        error.to_string().contains("no line `Search conducted: No`"),
        "{error}"
    );
}

#[test]
fn missouri_and_copwatch_enter_as_they_are_published() {
    let workspace = Workspace::new();
    workspace.write(
        "c.csv",
        "AgencyID,Race,TotalStops,TotalStops_Searches\n7,White,100,4\n7,Black,50,5\n7,Am. Indian,1,0\n7,Total,151,9\n",
    );
    let searches = "events = 'TotalStops_Searches'\ntrials = 'TotalStops'";
    let read = counts(&workspace, searches, Some("missouri-vsr")).unwrap();
    assert_eq!(of_cell(&read, &["black", "7"]), (5, Some(50)));
    assert_eq!(of_cell(&read, &["native", "7"]), (0, Some(1)));
    assert_eq!(read.ledger.dropped[2].rows, 1);
    workspace.write(
        "c.csv",
        "Year,Black,White,Latinx,Asian,Other,Indigenous,Total\n2002,\"1,792 / 39,207\",\"1,852 / 42,470\",\"460 / 9,989\",71/1598,81/1746,4 / 88,x\n",
    );
    let read = counts(&workspace, "trials_are = 'stops'", Some("copwatch-rates")).unwrap();
    assert_eq!(of_cell(&read, &["black", "2002"]), (1792, Some(39_207)));
    assert_eq!(of_cell(&read, &["native", "2002"]), (4, Some(88)));
    workspace.change("c.csv", "71/1598", "71 of 1598");
    let error = counts(&workspace, "trials_are = 'stops'", Some("copwatch-rates")).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("column `Asian`: found `71 of 1598`"),
        "{error}"
    );
}

#[test]
fn the_copwatch_exports_of_charlotte_agree_with_one_another() {
    let Some(folder) = public("charlotte-mecklenburg-2002-2024") else {
        return;
    };
    let workspace = Workspace::new();
    let of = |name: &str, text: &str, format: &str| {
        workspace.write_bytes("c.csv", &std::fs::read(folder.join(name)).unwrap());
        counts(&workspace, text, Some(format)).unwrap()
    };
    let stops = of("cmpd_traffic_stop_cnt.csv", "", "copwatch");
    let searches = of("cmpd_search_cnt.csv", "", "copwatch");
    let rates = of(
        "cmpd_search_rate.csv",
        "trials_are = 'stops'",
        "copwatch-rates",
    );
    let purposes = of(
        "cmpd_stop_purpose.csv",
        "sum_over = ['Stop Purpose']",
        "copwatch",
    );
    assert_eq!(
        (
            stops.ledger.rows_in,
            rates.ledger.rows_in,
            purposes.ledger.rows_in
        ),
        (23, 23, 230)
    );
    for cell in stops.table.cells() {
        let rate = rates.table.cell(&cell.key).unwrap();
        assert_eq!(rate.trials, Some(cell.events), "{:?}", cell.key);
        assert_eq!(rate.events, searches.table.cell(&cell.key).unwrap().events);
        assert_eq!(
            purposes.table.cell(&cell.key).unwrap().events,
            cell.events,
            "{:?}",
            cell.key
        );
    }
    let black: u64 = stops
        .table
        .cells()
        .iter()
        .filter(|c| c.key[0] == "black")
        .map(|c| c.events)
        .sum();
    assert_eq!(black, 1_121_509);
}

// Publishers' formats.

#[test]
fn each_format_of_b03002_reads_its_own_layout() {
    let api = "NAME,B03002_003E,B03002_003M,B03002_004E,B03002_004M,B03002_006E,B03002_006M,B03002_007E,B03002_007M,B03002_012E,B03002_012M,state,county\nX,900,30,100,20,10,3,20,4,70,-555555555,37,001\n";
    let read = baseline(
        api,
        "columns = { place = ['state', 'county'] }",
        Some("acs-b03002-api"),
    );
    near(cell(&read, &["asian_pacific", "37001"]), (30.0, 5.0));
    near(cell(&read, &["white", "37001"]), (900.0, 30.0));
    assert_eq!(cell(&read, &["hispanic", "37001"]), (70.0, Some(0.0)));

    let packed = "GEO_ID,NAME,B03002_003E,B03002_003M,B03002_004E,B03002_004M,B03002_006E,B03002_006M,B03002_007E,B03002_007M,B03002_012E,B03002_012M,\nGeography,Geographic Area Name,a,b,c,d,e,f,g,h,i,j,\n0500000US37001,X,900,30,100,**,10,3,20,4,70,*****,\n";
    let read = baseline(
        packed,
        "columns = { place = { column = 'GEO_ID', after = 'US' } }",
        Some("acs-data-census-gov"),
    );
    near(cell(&read, &["asian_pacific", "37001"]), (30.0, 5.0));
    assert_eq!(cell(&read, &["black", "37001"]), (100.0, None));
    assert_eq!(cell(&read, &["hispanic", "37001"]), (70.0, Some(0.0)));

    let long = "fips,county,group,estimate,moe90\n01001,X,total,1000,\n01001,X,nh_white,900,30.0\n01001,X,hispanic,70,\n";
    let read = baseline(long, "", Some("acs-b03002-long"));
    near(cell(&read, &["white", "X"]), (900.0, 30.0));
    assert_eq!(cell(&read, &["hispanic", "X"]), (70.0, Some(0.0)));

    let n = "Not Hispanic or Latino: - ";
    let names = [
        "White alone",
        "Black or African American alone",
        "Asian alone",
        "Native Hawaiian and Other Pacific Islander alone",
    ]
    .map(|name| format!("Estimate; {n}{name},Margin of Error; {n}{name}"));
    let words = format!(
        "Id,Id2,Geography,{},Estimate; Hispanic or Latino:,Margin of Error; Hispanic or Latino:\n0500000US01001,01001,X,900,30,100,20,10,3,20,4,70,\n",
        names.join(",")
    );
    let read = baseline(
        &words,
        "columns = { place = 'Id2' }",
        Some("acs-b03002-wide"),
    );
    near(cell(&read, &["asian_pacific", "01001"]), (30.0, 5.0));
    assert_eq!(cell(&read, &["hispanic", "01001"]), (70.0, Some(0.0)));
    let codes = format!("{}\n{words}", vec!["GEO.id"; 13].join(","));
    let read = baseline(&codes, "", Some("acs-b03002-descriptive"));
    near(cell(&read, &["black", "X"]), (100.0, 20.0));
}

/// A table of one race with every line set to 10, its margin to 3.
fn ages(race: &str) -> String {
    let names: Vec<String> = (1..=31)
        .map(|line| format!("B01001{race}_{line:03}E,B01001{race}_{line:03}M"))
        .collect();
    format!(
        "NAME,{}\nX,{}\n",
        names.join(","),
        vec!["10,3"; 31].join(",")
    )
}

#[test]
fn ages_of_b01001_are_lines_added_up_for_both_sexes() {
    let workspace = Workspace::new();
    for race in ["B", "D", "E", "H", "I"] {
        workspace.write(&format!("{race}.csv"), &ages(race));
    }
    let text = "files = ['H.csv', 'B.csv', 'I.csv']";
    // Ten lines from 18 on for each sex; two more of 15 to 17, whole or two thirds of them.
    for (format, people, squares) in [
        ("acs-b01001-18", 200.0, 180.0_f64),
        ("acs-b01001-15", 220.0, 198.0),
        ("acs-b01001-16", 200.0 + 40.0 / 3.0, 188.0),
    ] {
        let study = groups("reference = 'white'\ncompare = ['black', 'hispanic']");
        let root = DataRoot::BesideStudy(workspace.path(""));
        let read = read_population(&world(), &root, &config(text, Some(format)), &study).unwrap();
        near(
            cell(&read.baseline, &["black", "X"]),
            (people, squares.sqrt()),
        );
        near(
            cell(&read.baseline, &["white", "X"]),
            (people, squares.sqrt()),
        );
    }
}

#[test]
fn county_estimates_are_read_by_the_edition_of_their_file() {
    let races = ["NHWA", "NHBA", "NHAA", "NHNA", "H"];
    let columns: Vec<String> = races
        .iter()
        .map(|race| format!("{race}_MALE,{race}_FEMALE"))
        .collect();
    let header = format!("SUMLEV,STATE,COUNTY,YEAR,AGEGRP,{}\n", columns.join(","));
    let mut file = header;
    for year in 1..=3 {
        for (age, people) in [
            ("0", 100),
            ("1", 10),
            ("2", 10),
            ("3", 10),
            ("4", 30),
            ("5", 40),
        ] {
            let numbers = vec![format!("{}", people * year); 10].join(",");
            file.push_str(&format!("050,01,001,{year},{age},{numbers}\n"));
        }
    }
    let all = baseline(&file, "vintage_file = '2023'", Some("cc-est"));
    assert_eq!(cell(&all, &["black", "01001", "2021"]), (600.0, None));
    assert_eq!(
        cell(&all, &["asian_pacific", "01001", "2020"]),
        (800.0, None)
    );
    assert_eq!(all.cell_keys().filter(|key| key[0] == "black").count(), 2);
    let adults = baseline(
        &file,
        "vintage_file = '2023'\nat = { year = '2021' }",
        Some("cc-est-15"),
    );
    assert_eq!(cell(&adults, &["hispanic", "01001"]), (420.0, None));
    // In the edition of 2019 the third year is 2010, and the second is the base.
    let earlier = baseline(&file, "vintage_file = '2019'", Some("cc-est"));
    let years: Vec<&str> = earlier.distinct("year").into_iter().collect();
    assert_eq!(years, ["2010"]);
    let without = config("file = 'p.csv'", Some("cc-est"))
        .check()
        .unwrap_err();
    assert!(without.to_string().contains("edition"), "{without}");
    let unknown = config("file = 'p.csv'\nvintage_file = '1999'", Some("cc-est"))
        .check()
        .unwrap_err();
    assert!(unknown.to_string().contains("`1999`"), "{unknown}");
    // A year that the edition does not know is an error, not a year of its own.
    let workspace = Workspace::new();
    workspace.write("p.csv", &file.replace(",3,0,", ",30,0,"));
    let error = read(
        &workspace,
        "file = 'p.csv'\nvintage_file = '2023'",
        Some("cc-est"),
    )
    .unwrap_err();
    assert!(
        error.to_string().contains("column `YEAR`: found `30`"),
        "{error}"
    );
}

#[test]
fn a_study_names_a_format_and_its_cautions_stand_in_the_report() {
    let workspace = Workspace::small();
    workspace
        .write("people.csv", "NAME,B03002_003E,B03002_003M,B03002_004E,B03002_004M,B03002_012E,B03002_012M,state,county\nAlpha,20000,300,8000,200,1,1,37,001\nBeta,18000,-555555555,9000,250,1,1,37,003\n")
        .change(
            "study.toml",
            "columns = { place = \"place\", group = \"group\", population = \"people\", moe90 = \"moe\" }\nuniverse = \"residents\"",
            "format = \"acs-b03002-api\"",
        );
    let run = workspace.evenhand(&["run", "study.toml", "--out", "out"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let report = std::fs::read_to_string(workspace.path("out/report.html")).unwrap();
    assert!(report.contains("not the people who drive there"));
    workspace.change("study.toml", "acs-b03002-api", "copwatch");
    let wrong = workspace.evenhand(&["run", "study.toml", "--out", "out2"]);
    assert!(
        wrong.code == 1 && wrong.stderr.contains("does not describe a population"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn the_counties_of_the_survey_are_all_there_in_both_layouts() {
    let Some(folder) = public("acs2017-county-race-moe") else {
        return;
    };
    let all = "reference = 'white'\ncompare = ['black', 'hispanic', 'native', 'asian', 'pacific', 'other', 'multiple']";
    let workspace = Workspace::new();
    workspace
        .write_bytes(
            "long.csv",
            &std::fs::read(folder.join("acs2017_5yr_b03002_county_long.csv")).unwrap(),
        )
        .write_bytes(
            "wide.csv.gz",
            &std::fs::read(folder.join("acs2017_5yr_b03002_county_wide.csv.gz")).unwrap(),
        );
    let root = DataRoot::BesideStudy(workspace.path(""));
    let of = |text: &str, format: &str, study: &str| {
        read_population(&world(), &root, &config(text, Some(format)), &groups(study)).unwrap()
    };
    let long = of(
        "file = 'long.csv'\ncolumns = { place = 'fips' }",
        "acs-b03002-long",
        all,
    );
    let wide = of(
        "file = 'wide.csv.gz'\ncolumns = { place = 'Id2' }",
        "acs-b03002-wide",
        all,
    );
    assert_eq!(long.ledger.rows_in, 28_278);
    assert_eq!(long.ledger.dropped[0].rows, 3_142, "the totals");
    assert_eq!(wide.ledger.rows_in, 3_142);
    assert_eq!(long.baseline.distinct("place").len(), 3_142);
    let mut people = 0_u64;
    let keys: Vec<&Vec<String>> = long.baseline.cell_keys().collect();
    assert_eq!(keys, wide.baseline.cell_keys().collect::<Vec<_>>());
    for key in keys {
        let (a, b) = (
            long.baseline.people(key).unwrap().unwrap(),
            wide.baseline.people(key).unwrap().unwrap(),
        );
        assert_eq!(
            (a.population(), a.margin()),
            (b.population(), b.margin()),
            "{key:?}"
        );
        people += a.population() as u64;
    }
    assert_eq!(people, 321_004_407);
    let together = of(
        "file = 'wide.csv.gz'\ncolumns = { place = 'Id2' }",
        "acs-b03002-wide",
        GROUPS,
    );
    near(
        cell(&together.baseline, &["asian_pacific", "37119"]),
        (57_253.0, (826.0_f64 * 826.0 + 151.0 * 151.0).sqrt()),
    );
}

#[test]
fn census_counts_and_shares_by_county_are_all_there() {
    let Some(folder) = public("county-population") else {
        return;
    };
    let workspace = Workspace::new();
    for (name, rows, place) in [
        ("al_county_2010_rc_eth.csv", 67, "county_id_2010"),
        ("ga_county_2010_rc_eth.csv", 159, "county_id_2010"),
        ("ga_place_2010_rc_eth.csv", 624, "place_id_2010"),
        ("ms_county_2010_rc_eth.csv", 82, "county_id_2010"),
        ("nc_county_2010_rc_eth.csv", 100, "fips"),
        ("nc_county_2020_rc_eth.csv", 100, "fips"),
        ("nc_places_2010_rc_eth.csv", 739, "fips"),
        ("nc_places_2020_rc_eth.csv", 776, "fips"),
        ("sc_county_2010_rc_eth.csv", 46, "county_id_2010"),
        ("sc_place_2010_rc_eth.csv", 395, "place_id_2010"),
    ] {
        workspace.write_bytes("p.csv", &std::fs::read(folder.join(name)).unwrap());
        let text = format!("file = 'p.csv'\ncolumns = {{ place = '{place}' }}");
        let read = read(&workspace, &text, Some("census-rc-eth")).unwrap();
        assert_eq!(
            (read.ledger.rows_in, read.ledger.rows_kept),
            (rows, rows),
            "{name}"
        );
    }
    for (name, format) in [
        ("acs2019_county_race_share_moe.csv", "usdata-county-2019"),
        (
            "county_population_race_2000_2019.csv",
            "usdata-county-complete",
        ),
    ] {
        workspace.write_bytes("p.csv", &std::fs::read(folder.join(name)).unwrap());
        let study = groups("reference = 'white'\ncompare = ['black', 'hispanic']");
        let root = DataRoot::BesideStudy(workspace.path(""));
        let read = read_population(
            &world(),
            &root,
            &config("file = 'p.csv'", Some(format)),
            &study,
        )
        .unwrap();
        assert_eq!(read.ledger.rows_in, 3_142, "{name}");
        if format == "usdata-county-2019" {
            // 55,380 residents, 19 percent of them, with a margin of 0.5 points.
            near(cell(&read.baseline, &["black", "01001"]), (10_522.2, 276.9));
        }
    }
}

#[test]
fn a_benchmark_of_ones_own_says_what_it_cannot_show() {
    let file = "town,race,drivers\nA,white,900\nA,black,100\n";
    let columns = "columns = { place = 'town', group = 'race', population = 'drivers' }";
    for name in ["drivers-licensed", "drivers-not-at-fault"] {
        let read = baseline(file, columns, Some(name));
        assert_eq!(cell(&read, &["black", "A"]), (100.0, None));
    }
    let formats = shipped_formats().unwrap();
    for name in ["drivers-licensed", "drivers-not-at-fault", "same-agency"] {
        let format = formats.iter().find(|format| format.name == name).unwrap();
        assert!(!format.cautions.is_empty(), "{name}");
    }
    let counts = "counts = 'before'\ncolumns = { group = 'group' }";
    assert!(config(counts, Some("same-agency")).check().is_ok());
}

#[test]
fn every_format_of_people_or_counts_is_a_whole_table_once_a_study_has_said_the_rest() {
    let formats = shipped_formats().unwrap();
    let of_people: Vec<&str> = formats
        .iter()
        .filter(|format| format.population.is_some())
        .map(|format| format.name.as_str())
        .collect();
    assert_eq!(of_people.len(), 16, "{of_people:?}");
    for name in &of_people {
        let rest = match *name {
            "cc-est" | "cc-est-15" => "vintage_file = '2023'",
            "census-rc-eth" => "columns = { place = 'fips' }",
            "drivers-licensed" | "drivers-not-at-fault" => {
                "columns = { place = 'p', group = 'g', population = 'n' }"
            }
            _ => "",
        };
        let whole = match *name {
            "same-agency" => "counts = 'c'\ncolumns = { group = 'group' }".to_owned(),
            _ => format!("file = 'p.csv'\n{rest}"),
        };
        config(&whole, Some(name))
            .check()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let of_counts: Vec<&str> = formats
        .iter()
        .filter(|format| format.counts.is_some())
        .map(|format| format.name.as_str())
        .collect();
    assert_eq!(
        of_counts,
        ["copwatch", "copwatch-rates", "missouri-vsr", "texas-tcole"]
    );
}
