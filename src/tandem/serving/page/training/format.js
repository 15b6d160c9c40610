/** Numbers and times of a training as they are read. */

import { language } from "../texts.js";

/** Return a number with three significant digits, and large ones whole. */
export function figure(value) {
  return written(value, 3);
}

/** Return a number at an axis: as `figure`, without zeros at its end. */
export function tick(value) {
  return written(value, 1);
}

function written(value, least) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const isLarge = Math.abs(value) >= 1000;
  const digits = { minimumSignificantDigits: least, maximumSignificantDigits: 3 };
  // 0.0000012 is easier to read as 1.2E-6.
  const notation = value !== 0 && Math.abs(value) < 1e-4 ? "scientific" : "standard";
  return new Intl.NumberFormat(language(), { notation, ...(isLarge ? { maximumFractionDigits: 0 } : digits) }).format(
    value,
  );
}

/** Return seconds as "0:42", "12:05" or "3:07:00". */
export function clock(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return "–";
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (each) => String(each).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(rest)}` : `${minutes}:${two(rest)}`;
}

/** Return a moment as the language writes it: the time, and the day where it is not today. */
export function moment(time) {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return "–";
  const isToday = date.toDateString() === new Date().toDateString();
  return new Intl.DateTimeFormat(
    language(),
    isToday ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "short" },
  ).format(date);
}
