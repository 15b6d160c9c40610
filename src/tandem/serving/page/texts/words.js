/** Texts of the view "words": English, German, Chinese. */

export const wordsTexts = {
};
