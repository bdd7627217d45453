//! The compliance packs that come with the program.
//!
//! Detection rules are not here: they travel in the bundle, because golden samples depend on them.

/// Name and text of each built-in framework, used unless the configuration names others.
pub const BUILTIN_COMPLIANCE: &[(&str, &str)] = &[
    (
        "pci-dss.yaml",
        include_str!("../../configs/compliance/pci-dss.yaml"),
    ),
    (
        "hipaa.yaml",
        include_str!("../../configs/compliance/hipaa.yaml"),
    ),
    (
        "sox.yaml",
        include_str!("../../configs/compliance/sox.yaml"),
    ),
    (
        "gdpr.yaml",
        include_str!("../../configs/compliance/gdpr.yaml"),
    ),
];
