//! A finding: one leak or memory error, whichever tool reported it.

use serde::{Deserialize, Serialize};

use super::tool::Tool;

/// A leak, a memory error, or something left behind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The tool that reported it.
    pub tool: Tool,
    /// The kind, common to all tools.
    pub kind: FindingKind,
    /// Bytes concerned; zero if not applicable.
    pub bytes: u64,
    /// Number of blocks, files, descriptors …; zero if not applicable.
    pub blocks: u64,
    /// The test target (`things_store`, `it`).
    pub executable: String,
    /// The test by libtest's name; `None` if unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test: Option<String>,
    /// Whether the test is marked `#[should_panic]`: a leak may come from the panic that it expects.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub should_panic: bool,
    /// The process that it is in, if it is not the executable's own: `a fork`, or the program that a test started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub child: Option<String>,
    /// The tool's message in one line.
    pub what: String,
    /// Where a leaked block was allocated, or where the error happened, innermost frame first. Empty if there is no place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stack: Vec<Frame>,
    /// Related places: where a block was freed, who read it before …
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
    /// 16 hex digits, stable across line shifts and compilations; see [`super::attribute::fingerprint`].
    pub fingerprint: String,
    /// How the policy judges it.
    #[serde(default)]
    pub standing: Standing,
}

impl Finding {
    /// A finding as reported by a tool: without test, fingerprint and standing.
    pub fn raw(tool: Tool, kind: FindingKind, what: impl Into<String>) -> Self {
        Self {
            tool,
            kind,
            bytes: 0,
            blocks: 0,
            executable: String::new(),
            test: None,
            should_panic: false,
            child: None,
            what: what.into(),
            stack: Vec::new(),
            related: Vec::new(),
            fingerprint: String::new(),
            standing: Standing::default(),
        }
    }

    /// The most relevant frame: the innermost one of the workspace's code, in the stack or otherwise in a related place.
    pub fn own_frame(&self) -> Option<&Frame> {
        let frames = self.stack.iter().chain(self.related.iter().flat_map(|related| &related.stack));
        frames.into_iter().find(|frame| frame.origin == FrameOrigin::Own)
    }
}

/// A related place of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    /// What happened there: `freed here`.
    pub what: String,
    /// The stack, innermost frame first.
    pub stack: Vec<Frame>,
}

/// One frame of a stack.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Frame {
    /// The demangled function without hash; empty if unknown.
    pub function: String,
    /// The source file: relative to the workspace root for its code, otherwise as in the debug information.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// 1-based line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    /// 1-based column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    /// The executable or library that contains the code, if reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The address in the process, until it is symbolized.
    #[serde(skip)]
    pub address: Option<u64>,
    /// Whether it was inlined into the next frame, if reported.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
    /// Who owns the code.
    #[serde(default)]
    pub origin: FrameOrigin,
}

/// Who owns a frame's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FrameOrigin {
    /// A file of the workspace.
    Own,
    /// A dependency, from a registry or git.
    Dependency,
    /// The standard library, libtest, the compiler's runtime.
    Toolchain,
    /// C code, system libraries, code without debug information.
    #[default]
    Other,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $name:ident = $word:literal, $class:ident;)+) => {
        /// The kinds of findings, common to all tools.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum FindingKind {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl FindingKind {
            /// All kinds, in declaration order.
            pub const ALL: &'static [FindingKind] = &[$(FindingKind::$name),+];

            /// Each word with its meaning, for the spec's reference page.
            pub const WORDS: &'static [(&'static str, &'static str)] = &[$(($word, concat!($($doc),+).trim_ascii())),+];

            /// The word in specs, JSON and pages.
            pub fn as_str(self) -> &'static str {
                match self { $(FindingKind::$name => $word,)+ }
            }

            /// The class that the kind belongs to.
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
    /// A block with a pointer only into its middle, not to its start.
    Possible = "possible", Leak;
    /// A block still reachable at exit, and never freed.
    Reachable = "reachable", Leak;
    /// A read or write of memory that was freed.
    UseAfterFree = "use-after-free", Memory;
    /// A read or write outside any block.
    InvalidAccess = "invalid-access", Memory;
    /// A block freed twice, or an address freed that is not a block.
    InvalidFree = "invalid-free", Memory;
    /// A block freed with another allocator or another size than it was allocated with.
    MismatchedFree = "mismatched-free", Memory;
    /// A branch or a system call that depends on uninitialised memory.
    Uninitialised = "uninitialised", Memory;
    /// A stack that grew past its limit.
    StackOverflow = "stack-overflow", Memory;
    /// Two unsynchronised accesses to the same memory, at least one of them a write.
    Race = "race", Memory;
    /// A broken language rule: aliasing, validity, provenance, alignment.
    UndefinedBehaviour = "undefined-behaviour", Memory;
    /// Threads that wait for each other forever.
    Deadlock = "deadlock", Memory;
    /// A file or folder left in the test's temporary folder.
    LeftoverFile = "leftover-file", Leftover;
    /// A descriptor still open after the test.
    LeftoverDescriptor = "leftover-descriptor", Leftover;
    /// A child process that outlives the test.
    LeftoverProcess = "leftover-process", Leftover;
    /// A thread that outlives the test.
    LeftoverThread = "leftover-thread", Leftover;
    /// Memory that grows each time the test is called in the same process.
    Growth = "growth", Leftover;
}

/// Classes of kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// Memory that is not freed.
    Leak,
    /// Misuse of memory or of the language.
    Memory,
    /// Something else left behind, or growing memory.
    Leftover,
}

impl FindingKind {
    /// Inverse of [`FindingKind::as_str`].
    pub fn from_word(word: &str) -> Option<FindingKind> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// Whether it fails a suite by default: definite leaks, all memory errors, all leftovers.
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

/// How a finding is judged, by [`super::policy`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "standing")]
pub enum Standing {
    /// An error, which fails the suite.
    #[default]
    Error,
    /// Of a kind that does not fail the suite.
    Noted,
    /// Covered by a suppression: the code is not at fault.
    Suppressed {
        /// The suppression's name.
        by: String,
        /// The suppression's reason.
        reason: String,
    },
    /// Accepted by the baseline for now.
    Accepted {
        /// The baseline's reason.
        reason: String,
        /// URL of its issue.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issue: Option<String>,
        /// The last day, `YYYY-MM-DD`.
        until: String,
    },
    /// Accepted by the baseline, but larger than what was accepted: an error again.
    Grew {
        /// The bytes accepted, if limited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        bytes: Option<u64>,
        /// The blocks accepted, if limited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        blocks: Option<u64>,
    },
    /// Its day in the baseline has passed: an error again.
    Expired {
        /// The last day, `YYYY-MM-DD`.
        until: String,
    },
}

impl Standing {
    /// Whether it fails the suite.
    pub fn is_error(&self) -> bool {
        match self {
            Standing::Error | Standing::Grew { .. } | Standing::Expired { .. } => true,
            Standing::Noted | Standing::Suppressed { .. } | Standing::Accepted { .. } => false,
        }
    }

    /// The word in JSON and pages.
    pub fn as_str(&self) -> &'static str {
        match self {
            Standing::Error => "error",
            Standing::Noted => "noted",
            Standing::Suppressed { .. } => "suppressed",
            Standing::Accepted { .. } => "accepted",
            Standing::Grew { .. } => "grew",
            Standing::Expired { .. } => "expired",
        }
    }
}
