//! A sliver of the other side does not stop a deleveraging.
