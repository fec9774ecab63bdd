//! A finding: one leak or memory error, whatever tool saw it.

use serde::{Deserialize, Serialize};

use super::tool::Tool;

/// A leak or a memory error.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The tool that saw it.
    pub tool: Tool,
    /// What it is.
    pub kind: FindingKind,
    /// How many bytes it is about; zero where that makes no sense.
    pub bytes: u64,
    /// How many blocks, files, descriptors …; zero where that makes no sense.
    pub blocks: u64,
    /// The test target (`things_store`, `it`).
    pub executable: String,
    /// The test, as libtest names it; none where it could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// What the tool says, in one line.
    pub what: String,
    /// Where a leaked block was allocated, or where the error happened; innermost first. Empty for what has no place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
    /// Further places: where a block was freed, who read it before …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// 16 hex digits, the same after a line shift and after another compilation; see [`super::attribute::fingerprint`].
    pub fingerprint: String,
    /// What it counts for.
    #[serde(default)]
    pub standing: Standing,
}

impl Finding {
    /// A finding as a tool gives it: no test, no fingerprint and no standing yet.
    pub fn raw(tool: Tool, kind: FindingKind, what: impl Into<String>) -> Self {
        Self {
            tool,
            kind,
            bytes: 0,
            blocks: 0,
            executable: String::new(),
            test: None,
            what: what.into(),
            stack: Vec::new(),
            related: Vec::new(),
            fingerprint: String::new(),
            standing: Standing::default(),
        }
    }

    /// The frame that a person wants to see first: the innermost of their own code, in the stack or else in what is
    /// related.
    pub fn own_frame(&self) -> Option<&Frame> {
        let frames = self.stack.iter().chain(self.related.iter().flat_map(|related| &related.stack));
        frames.into_iter().find(|frame| frame.origin == FrameOrigin::Own)
    }
}

/// A further place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// What happened there: `freed here`.
    pub what: String,
    /// Where, innermost first.
    pub stack: Vec<Frame>,
}

/// A line of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Frame {
    /// The function, demangled, without the hash of its symbol; empty where it is unknown.
    pub function: String,
    /// The source file: relative to the workspace's root for own code, else as the debug information has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line in it, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// The column, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The executable or library that holds the code, where the tool tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Whether it was inlined into the next frame, where the tool tells it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
    /// Whose code it is.
    #[serde(default)]
    pub origin: FrameOrigin,
}

/// Whose code a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameOrigin {
    /// A file of the workspace.
    Own,
    /// A dependency, from a registry or git.
    Dependency,
    /// The standard library, libtest, the compiler's own runtime.
    Toolchain,
    /// C code, the system's libraries, what has no debug information.
    #[default]
    Other,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $class:ident;)+) => {
        /// What a finding is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FindingKind {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl FindingKind {
            /// All kinds, in the order of the declaration.
            pub const ALL: &'static [FindingKind] = &[$(FindingKind::$name),+];

            /// Each word with what it means, for the spec's own page.
            pub const WORDS: &'static [(&'static str, &'static str)] = &[$(($word, concat!($($doc),+).trim_ascii())),+];

            /// The word of the spec, JSON and pages.
            pub fn as_str(self) -> &'static str {
                match self { $(FindingKind::$name => $word,)+ }
            }

            /// What sort of thing it is.
            pub fn class(self) -> Class {
                match self { $(FindingKind::$name => Class::$class,)+ }
            }
        }
    };
}

kinds! {
    /// A block that nothing points to any more.
    Definite = "definite", Leak;
    /// A block that only leaked blocks point to.
    Indirect = "indirect", Leak;
    /// A block that only something within it is pointed to.
    Possible = "possible", Leak;
    /// A block still pointed to at the end, never freed.
    Reachable = "reachable", Leak;
    /// A read or write of memory that was freed.
    UseAfterFree = "use-after-free", Memory;
    /// A read or write outside of any block.
    InvalidAccess = "invalid-access", Memory;
    /// A block freed twice, or an address freed that is no block.
    InvalidFree = "invalid-free", Memory;
    /// A block freed by another allocator, or with another size, than it was made by.
    MismatchedFree = "mismatched-free", Memory;
    /// A decision, or a system call, that depends on memory never written.
    Uninitialised = "uninitialised", Memory;
    /// A stack that ran over its end.
    StackOverflow = "stack-overflow", Memory;
    /// Two threads at one place without order, one of them writing.
    Race = "race", Memory;
    /// A rule of the language broken: aliasing, validity, provenance, alignment.
    UndefinedBehaviour = "undefined-behaviour", Memory;
    /// Threads that wait for each other for ever.
    Deadlock = "deadlock", Memory;
    /// A file or folder left in the test's own temporary folder.
    LeftoverFile = "leftover-file", Leftover;
    /// A descriptor still open after the test.
    LeftoverDescriptor = "leftover-descriptor", Leftover;
    /// A child process still there after the test.
    LeftoverProcess = "leftover-process", Leftover;
    /// A thread still there after the test.
    LeftoverThread = "leftover-thread", Leftover;
    /// Memory that grows with each call of the test in one process.
    Growth = "growth", Leftover;
}

/// What sort of thing a kind of finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Memory not given back.
    Leak,
    /// Memory or the language misused.
    Memory,
    /// Something other than memory left behind, or growth.
    Leftover,
}

impl FindingKind {
    /// The kind of this word.
    pub fn from_word(word: &str) -> Option<FindingKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether it fails a suite that does not say otherwise: definite leaks, every memory error, every leftover.
    pub fn fails_by_default(self) -> bool {
        match self.class() {
            Class::Leak => self == FindingKind::Definite,
            Class::Memory | Class::Leftover => true,
        }
    }
}

impl std::fmt::Display for FindingKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What a finding counts for. Given by [`super::policy`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// An error: the suite fails.
    #[default]
    Error,
    /// Its kind is not among those that fail the suite.
    Noted,
    /// A suppression covers it: it is no fault of the code.
    Suppressed {
        /// The suppression's name.
        by: String,
        /// Why.
        reason: String,
    },
    /// The baseline accepts it for now.
    Accepted {
        /// Why.
        reason: String,
        /// Where it is discussed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issue: Option<String>,
        /// The last day.
        until: String,
    },
    /// The baseline accepted it until a day that has passed: an error again.
    Expired {
        /// The last day.
        until: String,
    },
}

impl Standing {
    /// Whether it fails the suite.
    pub fn is_error(&self) -> bool {
        match self {
            Standing::Error | Standing::Expired { .. } => true,
            Standing::Noted | Standing::Suppressed { .. } | Standing::Accepted { .. } => false,
        }
    }

    /// The word of JSON and pages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Standing::Error => "error",
            Standing::Noted => "noted",
            Standing::Suppressed { .. } => "suppressed",
            Standing::Accepted { .. } => "accepted",
            Standing::Expired { .. } => "expired",
        }
    }
}
