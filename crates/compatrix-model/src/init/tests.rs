//! Tables of what is found and what is drafted from it.
