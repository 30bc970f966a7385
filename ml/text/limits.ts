/** Longest token kept, in UTF-16 units; longer ones (base64, a line without spaces) carry no words. */
export const MAX_TOKEN_LENGTH = 64;
