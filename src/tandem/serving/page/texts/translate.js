/** Texts of the view "Translate": English, German, Chinese. */

export const translateTexts = {
  "view.translate": ["Translate", "Übersetzen", "翻译"],
};
