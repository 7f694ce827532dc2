// Columns of an affine group.

const groupColumns = 16u;
