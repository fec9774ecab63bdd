//! A first spec, with why each line is in it.

use super::found::Noted;
use crate::promise::NotTaken;

/// Why default features alone are a set, where the project does not say it.
pub(super) const WHAT_USERS_GET: &str = "what users get";

/// The first spec, as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The packages under test.
    pub packages: Vec<Noted>,
    /// Members not under test, each with the reason.
    pub left_out: Vec<Noted>,
    /// The path of the compatibility page, if not the default.
    pub report: Option<Noted>,
    /// The `[claims]` table.
    pub claims: DraftClaims,
    /// The `rust` axis; never empty.
    pub rust: DraftAxis,
    /// The `sqlite` axis; `None` if no package under test uses SQLite.
    pub sqlite: Option<DraftAxis>,
    /// Whether the spec gets a `schema` axis.
    pub schema: bool,
    /// Feature sets; empty if the packages have no features.
    pub features: Vec<FeatureSet>,
    /// Comments on the features.
    pub feature_remarks: Vec<String>,
    /// Values of the axis `rust` on which the packages are only built.
    pub builds_only: Vec<Noted>,
    /// Toolchains that need dependency versions of their own.
    pub locks: Vec<DraftLock>,
    /// Why doctests run; `None` if they do not.
    pub doctests: Option<String>,
    /// Arguments for the test executables.
    pub args: Vec<Noted>,
    /// Environment variables for the tests.
    pub env: Vec<(String, Noted)>,
    /// The values per axis that the profile `local` selects; empty if it selects all.
    pub local: Vec<(String, Vec<String>)>,
    /// Findings that the draft does not use, with advice.
    pub remarks: Vec<String>,
    /// Places that look like a promise or a toolchain, each with the reason why it is not taken over.
    pub not_taken: Vec<NotTaken>,
}

/// The `[claims]` table of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftClaims {
    /// The lowest promised Rust.
    pub rust: Option<Noted>,
    /// The packages that promise another, each with its Rust.
    pub packages: Vec<(String, Noted)>,
    /// The lowest promised SQLite.
    pub sqlite: Option<Noted>,
    /// Tested platforms.
    pub platforms: Vec<Noted>,
    /// Comments on the claims.
    pub remarks: Vec<String>,
}

/// Values in spec order, with comments.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DraftAxis {
    /// In the order of the spec.
    pub values: Vec<Noted>,
    /// Comments on the axis.
    pub remarks: Vec<String>,
}

/// A `[[lock]]` group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftLock {
    /// The toolchain that it is for, as on the axis: `1.63`.
    pub toolchain: String,
    /// The condition on toolchains: `<1.70`, or a name.
    pub rust: String,
    /// The reason, as a comment.
    pub why: String,
}

/// A value of the `features` axis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeatureSet {
    /// The value's name.
    pub name: String,
    /// Whether default features stay enabled.
    pub default_features: bool,
    /// Features to enable.
    pub features: Vec<String>,
    /// The reason, as a comment.
    pub why: String,
}

impl FeatureSet {
    /// Whether it turns on the same features.
    pub(super) fn selects_as(&self, other: &Self) -> bool {
        self.default_features == other.default_features && self.features == other.features
    }

    /// Whether it is what users get who name no feature.
    pub fn is_default(&self) -> bool {
        self.default_features && self.features.is_empty()
    }

    /// Whether it is [`FeatureSet::is_default`], or that with the feature that SQLite is behind.
    pub fn is_base(&self) -> bool {
        self.is_default() || (self.default_features && self.name == "default")
    }

    /// Whether only this draft, and nothing that the project runs, asks for it.
    pub fn is_drafted(&self) -> bool {
        self.why == WHAT_USERS_GET
    }
}
