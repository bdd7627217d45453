//! The semantics of a verdict, case by case, by numbers computed by hand.

use logtriage::ensemble::{Evidence, Policy, decide};
use logtriage::parse::Severity;
use logtriage::verdict::{Category, Claim, Flag, Reason, Scores};

use Category::{Critical, Noise, Routine, Suspicious};

const POLICY: Policy = Policy {
    weights: [0.30, 0.45, 0.25],
    noise_threshold: 0.5,
    min_confidence: 0.4,
    forward_at: None,
    forward_degraded: false,
    skip_models_on_compliance: false,
};

/// critical, suspicious, routine, noise
fn scores(values: [f32; 4]) -> Option<Scores> {
    Some(Scores::from_array(values))
}

fn severity(level: u8) -> Option<Severity> {
    Severity::new(level)
}

struct Case {
    name: &'static str,
    evidence: Evidence,
    policy: Policy,
    category: Category,
    confidence: f32,
    scores: [f32; 4],
    reason: Reason,
    flags: &'static [Flag],
    forward: bool,
}

impl Case {
    fn check(self) {
        let verdict = decide(&self.policy, self.evidence);
        let name = self.name;
        assert_eq!(verdict.category, self.category, "{name}: category");
        assert_eq!(verdict.reason, self.reason, "{name}: reason");
        assert_eq!(verdict.flags, self.flags, "{name}: flags");
        assert_eq!(verdict.forward, self.forward, "{name}: forward");
        let near = |a: f32, b: f32| (a - b).abs() < 1e-6;
        assert!(
            near(verdict.confidence, self.confidence),
            "{name}: confidence {}",
            verdict.confidence
        );
        let found = verdict.scores.to_array();
        assert!(
            found.iter().zip(self.scores).all(|(a, b)| near(*a, b)),
            "{name}: scores {found:?}"
        );
    }
}

/// A case in which the ensemble alone decides for routine, to be changed field by field.
fn plain(name: &'static str, evidence: Evidence) -> Case {
    Case {
        name,
        evidence,
        policy: POLICY,
        category: Routine,
        confidence: 0.7,
        scores: [0.1, 0.1, 0.7, 0.1],
        reason: Reason::Ensemble,
        flags: &[],
        forward: false,
    }
}

fn routine_vote() -> Evidence {
    Evidence {
        votes: [None, scores([0.1, 0.1, 0.7, 0.1]), None],
        ..Evidence::default()
    }
}

#[test]
fn votes_are_averaged_by_the_weights_of_those_who_voted() {
    plain("one voter has all the weight", routine_vote()).check();
    Case {
        category: Suspicious,
        confidence: 0.52,
        // (0.30 rules + 0.45 classifier) / 0.75: weights 0.4 and 0.6
        scores: [0.06, 0.52, 0.36, 0.06],
        forward: true,
        ..plain(
            "rules and classifier, anomaly abstains",
            Evidence {
                votes: [
                    scores([0.0, 1.0, 0.0, 0.0]),
                    scores([0.1, 0.2, 0.6, 0.1]),
                    None,
                ],
                ..Evidence::default()
            },
        )
    }
    .check();
    Case {
        category: Suspicious,
        confidence: 0.49,
        // 0.30 * rules + 0.45 * classifier + 0.25 * anomaly
        scores: [0.045, 0.49, 0.42, 0.045],
        forward: true,
        ..plain(
            "all three",
            Evidence {
                votes: [
                    scores([0.0, 0.6, 0.4, 0.0]),
                    scores([0.1, 0.2, 0.6, 0.1]),
                    scores([0.0, 0.88, 0.12, 0.0]),
                ],
                ..Evidence::default()
            },
        )
    }
    .check();
    Case {
        policy: Policy {
            weights: [0.0, 1.0, 0.0],
            ..POLICY
        },
        ..plain(
            "a weight of zero silences a member",
            Evidence {
                votes: [
                    scores([1.0, 0.0, 0.0, 0.0]),
                    scores([0.1, 0.1, 0.7, 0.1]),
                    None,
                ],
                ..Evidence::default()
            },
        )
    }
    .check();
}

#[test]
fn nobody_voted() {
    let nobody = Case {
        confidence: 0.0,
        scores: [0.0; 4],
        reason: Reason::NoVote,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain("silence is routine, unsure, forwarded", Evidence::default())
    };
    nobody.check();
    Case {
        policy: Policy {
            weights: [0.0, 1.0, 0.0],
            ..POLICY
        },
        confidence: 0.0,
        scores: [0.0; 4],
        reason: Reason::NoVote,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain(
            "a voter without weight is nobody",
            Evidence {
                votes: [scores([0.0, 0.0, 1.0, 0.0]), None, None],
                ..Evidence::default()
            },
        )
    }
    .check();
}

#[test]
fn ties_and_the_noise_threshold() {
    Case {
        category: Critical,
        confidence: 0.5,
        scores: [0.5, 0.5, 0.0, 0.0],
        forward: true,
        ..plain(
            "a tie goes to the more severe",
            Evidence {
                votes: [scores([0.5, 0.5, 0.0, 0.0]), None, None],
                ..Evidence::default()
            },
        )
    }
    .check();
    Case {
        category: Noise,
        confidence: 0.5,
        scores: [0.1, 0.1, 0.3, 0.5],
        ..plain(
            "noise at the threshold is noise",
            Evidence {
                votes: [None, scores([0.1, 0.1, 0.3, 0.5]), None],
                ..Evidence::default()
            },
        )
    }
    .check();
    Case {
        confidence: 0.41,
        scores: [0.05, 0.05, 0.41, 0.49],
        ..plain(
            "noise below the threshold is routine, with the routine score",
            Evidence {
                votes: [None, scores([0.05, 0.05, 0.41, 0.49]), None],
                ..Evidence::default()
            },
        )
    }
    .check();
}

#[test]
fn a_record_with_prose_beside_its_message_is_never_noise() {
    let noisy = |prose_beside| Evidence {
        votes: [None, scores([0.05, 0.05, 0.1, 0.8]), None],
        prose_beside,
        ..Evidence::default()
    };
    Case {
        category: Noise,
        confidence: 0.8,
        scores: [0.05, 0.05, 0.1, 0.8],
        ..plain("noise as it is", noisy(false))
    }
    .check();
    Case {
        confidence: 0.1,
        scores: [0.05, 0.05, 0.1, 0.8],
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain("noise with something unread", noisy(true))
    }
    .check();
}

#[test]
fn floors_raise_and_never_lower() {
    let with = |floor, level| Evidence {
        rule_floor: floor,
        severity: level,
        ..routine_vote()
    };
    Case {
        category: Critical,
        confidence: 0.9,
        reason: Reason::RuleFloor,
        forward: true,
        ..plain(
            "a rule floor, with its own confidence",
            with(Some((Critical, 0.9)), None),
        )
    }
    .check();
    Case {
        confidence: 0.7,
        reason: Reason::RuleFloor,
        ..plain(
            "a floor that holds with a lower confidence keeps the score",
            with(Some((Routine, 0.6)), None),
        )
    }
    .check();
    plain(
        "a floor below the category changes nothing",
        with(Some((Noise, 0.9)), None),
    )
    .check();
    Case {
        category: Suspicious,
        confidence: 0.1,
        reason: Reason::SeverityFloor,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain("severity 2 floors at suspicious", with(None, severity(2)))
    }
    .check();
    plain("severity 3 does not", with(None, severity(3))).check();
    Case {
        category: Critical,
        confidence: 0.9,
        reason: Reason::RuleFloor,
        forward: true,
        ..plain(
            "the higher floor decides",
            with(Some((Critical, 0.9)), severity(0)),
        )
    }
    .check();
    Case {
        category: Suspicious,
        confidence: 0.8,
        reason: Reason::RuleFloor,
        forward: true,
        ..plain(
            "of two equal floors the rule is named",
            with(Some((Suspicious, 0.8)), severity(1)),
        )
    }
    .check();
    Case {
        category: Suspicious,
        confidence: 0.0,
        scores: [0.0; 4],
        reason: Reason::SeverityFloor,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain(
            "a floor where nobody voted",
            Evidence {
                severity: severity(0),
                ..Evidence::default()
            },
        )
    }
    .check();
}

#[test]
fn what_forces_a_record_through() {
    type Change = fn(&mut Evidence);
    let cases: [(&'static str, Change, &'static [Flag]); 4] = [
        ("timeout", |e| e.timeout = true, &[Flag::Timeout]),
        ("truncated", |e| e.truncated = true, &[Flag::Truncated]),
        ("fail open", |e| e.fail_open = true, &[Flag::FailOpen]),
        (
            "compliance",
            |e| {
                e.claims = vec![Claim {
                    framework: "pci-dss".into(),
                    retention_days: 365,
                }];
            },
            &[Flag::Compliance],
        ),
    ];
    for (name, change, flags) in cases {
        let mut evidence = routine_vote();
        change(&mut evidence);
        Case {
            flags,
            forward: true,
            ..plain(name, evidence)
        }
        .check();
    }
    let unsure = Policy {
        min_confidence: 0.81,
        ..POLICY
    };
    Case {
        policy: unsure,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain("low confidence", routine_vote())
    }
    .check();
}

#[test]
fn routine_and_noise_are_sure_together() {
    // Noise wins below its threshold and becomes routine, whose own score is small.
    let between = [0.1, 0.15, 0.3, 0.45];
    Case {
        confidence: 0.3,
        scores: between,
        ..plain(
            "0.75 speak for keeping it back",
            Evidence {
                votes: [None, scores(between), None],
                ..Evidence::default()
            },
        )
    }
    .check();
    let torn = [0.31, 0.31, 0.38, 0.0];
    Case {
        confidence: 0.38,
        scores: torn,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain(
            "0.38 speak for keeping it back",
            Evidence {
                votes: [None, scores(torn), None],
                ..Evidence::default()
            },
        )
    }
    .check();
}

#[test]
fn a_target_forwards_by_the_score_of_critical_and_suspicious() {
    let at = |threshold| Policy {
        forward_at: Some(threshold),
        ..POLICY
    };
    let vote = [0.125, 0.125, 0.5, 0.25];
    let evidence = || Evidence {
        votes: [None, scores(vote), None],
        ..Evidence::default()
    };
    let case = |name, threshold| Case {
        policy: at(threshold),
        confidence: 0.5,
        scores: vote,
        ..plain(name, evidence())
    };
    Case {
        flags: &[Flag::Target],
        forward: true,
        ..case("a quarter speaks for it", 0.25)
    }
    .check();
    case("less than the threshold", 0.26).check();
    let claimed = Evidence {
        claims: vec![Claim {
            framework: "pci-dss".into(),
            retention_days: 365,
        }],
        ..evidence()
    };
    let skipping = Policy {
        skip_models_on_compliance: true,
        ..at(0.0)
    };
    let skipped = decide(&skipping, claimed);
    assert_eq!(skipped.flags, [Flag::Compliance], "no model was asked");
}

#[test]
fn degraded_is_judged_or_forwarded_as_configured() {
    let degraded = || Evidence {
        degraded: true,
        ..routine_vote()
    };
    Case {
        flags: &[Flag::Degraded],
        ..plain("on_degraded: judge", degraded())
    }
    .check();
    Case {
        policy: Policy {
            forward_degraded: true,
            ..POLICY
        },
        flags: &[Flag::Degraded],
        forward: true,
        ..plain("on_degraded: forward", degraded())
    }
    .check();
    Case {
        policy: Policy {
            forward_degraded: true,
            ..POLICY
        },
        ..plain("a healthy record is not forwarded for it", routine_vote())
    }
    .check();
}

#[test]
fn compliance_skip_models_gives_the_older_behaviour() {
    let claims = vec![Claim {
        framework: "sox".into(),
        retention_days: 2555,
    }];
    Case {
        policy: Policy {
            skip_models_on_compliance: true,
            ..POLICY
        },
        category: Critical,
        confidence: 1.0,
        scores: [1.0, 0.0, 0.0, 0.0],
        reason: Reason::Compliance,
        flags: &[Flag::Compliance],
        forward: true,
        ..plain(
            "claimed records are critical",
            Evidence {
                claims,
                ..routine_vote()
            },
        )
    }
    .check();
    Case {
        policy: Policy {
            skip_models_on_compliance: true,
            ..POLICY
        },
        ..plain("others are judged", routine_vote())
    }
    .check();
}

#[test]
fn a_rule_that_nobody_vouched_for_raises_and_does_nothing_else() {
    let raised_to = |category, confidence| Evidence {
        raise: Some((category, confidence)),
        ..routine_vote()
    };
    Case {
        category: Suspicious,
        confidence: 0.8,
        reason: Reason::RuleFloor,
        forward: true,
        ..plain("it raises", raised_to(Suspicious, 0.8))
    }
    .check();
    plain("it does not lower", raised_to(Noise, 0.9)).check();
    // Its confidence would lift the record above min_confidence, and keep it back.
    let unsure = Evidence {
        votes: [None, scores([0.34, 0.3, 0.36, 0.0]), None],
        raise: Some((Routine, 0.95)),
        ..Evidence::default()
    };
    Case {
        confidence: 0.36,
        scores: [0.34, 0.3, 0.36, 0.0],
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain("it does not make sure", unsure)
    }
    .check();
    let silent = Evidence {
        raise: Some((Routine, 0.95)),
        ..Evidence::default()
    };
    Case {
        confidence: 0.0,
        scores: [0.0; 4],
        reason: Reason::NoVote,
        flags: &[Flag::LowConfidence],
        forward: true,
        ..plain("it is no vote", silent)
    }
    .check();
}
