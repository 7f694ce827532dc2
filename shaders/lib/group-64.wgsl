// Columns of an affine group.

const groupColumns = 64u;
