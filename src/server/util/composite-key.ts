// A key of a map that is made of two texts.

/** The key for two texts. Keys of different pairs differ if `first` holds no line end. */
export const compositeKey = (first: string, second: string): string => `${first}\n${second}`;
