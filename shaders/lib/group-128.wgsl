// Columns of an affine group.

const groupColumns = 128u;
