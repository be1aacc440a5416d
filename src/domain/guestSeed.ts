// How a guest of which there is a copy comes to random numbers of its own: bytes for the standard input of
// guestSeed.sh.
export const seedBytes = 256;
