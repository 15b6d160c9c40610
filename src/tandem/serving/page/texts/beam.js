/** Texts of the view "beam": English, German, Chinese. */

export const beamTexts = {
};
