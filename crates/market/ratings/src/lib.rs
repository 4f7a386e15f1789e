//! Two-sided reviews and the reputation made of them.
