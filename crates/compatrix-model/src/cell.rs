//! Cells: one value for each axis, with one canonical spelling.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::axis::{Axis, AxisKind, AxisName, AxisValue, InvalidName, Setting, System, ValueName};

/// All axes of a spec; cells are points in it.
///
/// Axes are in canonical order: `rust`, `sqlite`, `schema`, `features`, then user-defined ones in the spec's order.
/// An axis that the spec does not name is absent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Space {
    axes: Vec<Axis>,
}

/// A cell as one number: its coordinates in mixed radix, the last axis running fastest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CellIndex(pub u128);

impl Space {
    /// The axes must be in canonical order, and none may be empty.
    pub fn new(axes: Vec<Axis>) -> Self {
        Self { axes }
    }

    /// The axes, in canonical order.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// The axis of this name, with its position.
    pub fn axis(&self, name: &str) -> Option<(usize, &Axis)> {
        self.axes.iter().enumerate().find(|(_, axis)| axis.name.as_str() == name)
    }

    /// The axis of this kind, with its position. For [`AxisKind::Env`] the first one of that variable.
    pub fn axis_of(&self, kind: &AxisKind) -> Option<(usize, &Axis)> {
        self.axes.iter().enumerate().find(|(_, axis)| axis.kind == *kind)
    }

    /// The value of the `os` axis at these coordinates, and what it stands for; `None` without that axis.
    pub fn system(&self, coords: &[usize]) -> Option<(&ValueName, &System)> {
        let (n, axis) = self.axis_of(&AxisKind::Os)?;
        let value = &axis.values[coords[n]];
        match &value.setting {
            Setting::Os(system) => Some((&value.name, system)),
            _ => None,
        }
    }

    /// The system of a cell with this id. `Some(None)` if there is no `os` axis, `None` if the axis lacks the cell's value.
    pub fn system_of(&self, cell: &CellId) -> Option<Option<&System>> {
        let Some((_, axis)) = self.axis_of(&AxisKind::Os) else { return Some(None) };
        let name = cell.value(axis.name.as_str())?;
        match &axis.values.iter().find(|value| value.name == *name)?.setting {
            Setting::Os(system) => Some(Some(system)),
            _ => None,
        }
    }

    /// How many cells there are: the product of the axes' lengths, saturating.
    pub fn len(&self) -> u128 {
        self.axes.iter().fold(1u128, |n, axis| n.saturating_mul(axis.values.len() as u128))
    }

    /// Whether there are no axes.
    pub fn is_empty(&self) -> bool {
        self.axes.is_empty()
    }

    /// Every cell, in order. There may be too many to visit.
    pub fn cells(&self) -> impl Iterator<Item = CellIndex> + '_ {
        (0..if self.axes.is_empty() { 0 } else { self.len() }).map(CellIndex)
    }

    /// The position of the cell's value on each axis, one number an axis.
    pub fn coords(&self, cell: CellIndex) -> Vec<usize> {
        let mut rest = cell.0;
        let mut coords = vec![0; self.axes.len()];
        for (slot, axis) in coords.iter_mut().zip(&self.axes).rev() {
            let radix = axis.values.len() as u128;
            *slot = (rest % radix) as usize;
            rest /= radix;
        }
        coords
    }

    /// The cell at these coordinates, one number an axis.
    pub fn index(&self, coords: &[usize]) -> CellIndex {
        CellIndex(coords.iter().zip(&self.axes).fold(0, |n, (&c, axis)| n * axis.values.len() as u128 + c as u128))
    }

    /// The value of the cell on the axis at this position.
    pub fn value(&self, cell: CellIndex, axis: usize) -> &AxisValue {
        &self.axes[axis].values[self.coords(cell)[axis]]
    }

    /// The cell's canonical id.
    pub fn id(&self, cell: CellIndex) -> CellId {
        let coords = self.coords(cell);
        CellId(self.axes.iter().zip(coords).map(|(axis, c)| (axis.name.clone(), axis.values[c].name.clone())).collect())
    }

    /// The cell with this id, if it names exactly the space's axes with values of the space.
    pub fn find(&self, id: &CellId) -> Option<CellIndex> {
        if id.0.len() != self.axes.len() {
            return None;
        }
        let coords: Option<Vec<usize>> = self
            .axes
            .iter()
            .map(|axis| {
                let value = id.value(axis.name.as_str())?;
                axis.values.iter().position(|v| v.name == *value)
            })
            .collect();
        Some(self.index(&coords?))
    }
}

/// Looks up many cells of a space quickly: consecutive cells usually share most values.
#[derive(Debug)]
pub struct Finder<'a> {
    space: &'a Space,
    /// The coordinates of the last one.
    last: Vec<usize>,
}

impl<'a> Finder<'a> {
    /// A finder in this space.
    pub fn new(space: &'a Space) -> Self {
        Self { space, last: vec![0; space.axes.len()] }
    }

    /// The coordinates of the cell of this id, as [`Space::find`] finds it.
    pub fn coords(&mut self, id: &CellId) -> Option<&[usize]> {
        if id.0.len() != self.last.len() {
            return None;
        }
        for (n, axis) in self.space.axes.iter().enumerate() {
            let (name, value) = &id.0[n];
            let value = if *name == axis.name { value } else { id.value(axis.name.as_str())? };
            let is = |at: &usize| axis.values[*at].name == *value;
            let last = self.last[n];
            let near = Some(last).filter(is).or_else(|| Some((last + 1) % axis.values.len()).filter(is));
            self.last[n] = near.or_else(|| (0..axis.values.len()).find(is))?;
        }
        Some(&self.last)
    }
}

/// A cell's canonical spelling: `rust=1.80 sqlite=3.46.0 schema=v24 features=default`.
///
/// `Display` and `FromStr` round-trip; it serialises as that one string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CellId(Vec<(AxisName, ValueName)>);

impl CellId {
    /// An id of these pairs, in canonical order.
    pub fn new(pairs: Vec<(AxisName, ValueName)>) -> Self {
        Self(pairs)
    }

    /// The pairs, in canonical order.
    pub fn pairs(&self) -> &[(AxisName, ValueName)] {
        &self.0
    }

    /// The value on this axis.
    pub fn value(&self, axis: &str) -> Option<&ValueName> {
        self.0.iter().find(|(name, _)| name.as_str() == axis).map(|(_, value)| value)
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, (axis, value)) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{axis}={value}")?;
        }
        Ok(())
    }
}

/// Why a text is no cell's id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellIdError {
    /// A word without `=`.
    NoPair(String),
    /// An axis or a value that is spelled as none can be.
    Name(InvalidName),
    /// An axis with two values.
    Twice {
        /// Named more than once.
        axis: AxisName,
        /// The whole text.
        text: String,
    },
    /// Blanks, or nothing.
    Empty,
}

impl fmt::Display for CellIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CellIdError::NoPair(word) => {
                write!(f, "{word:?} is not `axis=value`; a cell reads like `rust=1.80 sqlite=bundled`")
            }
            CellIdError::Name(error) => error.fmt(f),
            CellIdError::Twice { axis, text } => write!(f, "the axis `{axis}` appears twice in {text:?}"),
            CellIdError::Empty => f.write_str("an empty cell id; it reads like `rust=1.80 sqlite=bundled`"),
        }
    }
}

impl std::error::Error for CellIdError {}

impl FromStr for CellId {
    type Err = CellIdError;

    fn from_str(text: &str) -> Result<Self, CellIdError> {
        let mut pairs: Vec<(AxisName, ValueName)> = Vec::new();
        for word in text.split_whitespace() {
            let (axis, value) = word.split_once('=').ok_or_else(|| CellIdError::NoPair(word.to_owned()))?;
            let axis = AxisName::new(axis).map_err(CellIdError::Name)?;
            if pairs.iter().any(|(name, _)| *name == axis) {
                return Err(CellIdError::Twice { axis, text: text.to_owned() });
            }
            pairs.push((axis, ValueName::new(value).map_err(CellIdError::Name)?));
        }
        if pairs.is_empty() {
            return Err(CellIdError::Empty);
        }
        Ok(Self(pairs))
    }
}

impl TryFrom<String> for CellId {
    type Error = CellIdError;
    fn try_from(text: String) -> Result<Self, CellIdError> {
        text.parse()
    }
}

impl From<CellId> for String {
    fn from(id: CellId) -> String {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_are_none() {
        #[track_caller]
        fn check(text: &str, expected: &str) {
            let error = text.parse::<CellId>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
        check("", "an empty cell id");
        check("rust", "`axis=value`");
        check("rust=1.70 rust=1.80", "appears twice");
        check("Rust=1.70", "axis name");
        check("rust=", "value name");
        check("rust=1.70|1.80", "value name");
        check("sqlite==3.46", "value name");
    }

    #[test]
    fn blanks_between_pairs_do_not_matter() {
        let id: CellId = "  rust=1.70\t sqlite=bundled\n".parse().unwrap();
        assert_eq!(id.to_string(), "rust=1.70 sqlite=bundled");
        assert_eq!(id.value("sqlite").map(ValueName::as_str), Some("bundled"));
        assert_eq!(id.value("schema"), None);
    }

    #[test]
    fn a_finder_finds_what_the_space_finds() {
        let text = "[project]\npackages = [\"p\"]\n[axis.a]\nenv = \"A\"\nvalues = [\"0\", \"1\", \"2\"]\n[axis.b]\nenv = \"B\"\n\
                    values = [\"x\", \"y\"]\n";
        let space = crate::spec_text::parse(text, "matrix.toml", &[]).expect("a spec").spec.space;
        let mut finder = Finder::new(&space);
        let ids = ["a=2 b=y", "a=0 b=y", "b=x a=1", "a=1", "a=9 b=x", "a=1 b=x", "a=1 c=x"];
        for id in ids.map(|id| id.parse::<CellId>().unwrap()) {
            let found = finder.coords(&id).map(|coords| space.index(coords));
            assert_eq!(found, space.find(&id), "{id}");
        }
    }

    #[test]
    fn a_space_without_axes_has_no_cells() {
        assert_eq!(Space::default().cells().count(), 0);
    }
}
