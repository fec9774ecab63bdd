//! Parts: processes of one run that go side by side. A run asks before it starts one beside its first, because the cores
//! may be busy with other tasks.

/// Who decides whether a run may start one process more.
pub(crate) trait Parts: Sync {
    /// Waits until one more may start; none when it is no longer needed, or after an interrupt.
    fn begin(&self, is_needed: &dyn Fn() -> bool) -> Option<Part<'_>>;
    /// One of those that may has ended.
    fn end(&self);
}

/// The permission for one process; it ends when dropped.
pub(crate) struct Part<'a> {
    parts: &'a dyn Parts,
}

impl<'a> Part<'a> {
    /// A permission that was given.
    pub(crate) fn of(parts: &'a dyn Parts) -> Self {
        Self { parts }
    }
}

impl Drop for Part<'_> {
    fn drop(&mut self) {
        self.parts.end();
    }
}
