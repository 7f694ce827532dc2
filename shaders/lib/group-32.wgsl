// Columns of an affine group.

const groupColumns = 32u;
