// A form made of a JSON Schema: what a kind of jobs takes. What it has no field for is written as JSON.
import { h, newId } from "../core/dom.js";
import { t } from "../core/i18n.js";
import { spoken, text } from "../parts/words.js";
import { capital } from "./words.js";

/** @typedef {Record<string, any>} Schema */
/** `read` throws where what is written is none. @typedef {{name: string, element: HTMLElement, read: () => unknown, complain: (said: string) => void, isGiven: () => boolean, isJson: boolean}} Field */

/** @param {Schema} schema @param {Schema} whole @returns {Schema} */
function resolved(schema, whole) {
  const ref = /^#\/\$defs\/(.+)$/.exec(schema.$ref ?? "")?.[1];
  return ref ? { ...whole.$defs?.[ref], ...schema, $ref: undefined } : schema;
}

/** What it takes but for null, and whether it takes that. @param {Schema} schema @param {Schema} whole @returns {[Schema, boolean]} */
function unwrapped(schema, whole) {
  const found = resolved(schema, whole);
  const kinds = /** @type {Schema[] | undefined} */ (found.anyOf)?.map((one) => resolved(one, whole));
  const some = kinds?.filter((one) => one.type !== "null");
  if (!kinds || some?.length !== 1) return [found, false];
  return [{ ...found, ...some[0], anyOf: undefined }, some.length < kinds.length];
}

/** Words of our own, of the kind or of all that have such an option, or else the service's. @param {string} kind @param {string} name @param {"" | ".hint"} what @param {string} otherwise */
const words = (kind, name, what, otherwise) => text(`option.${kind}.${name}${what}`, text(`option.${name}${what}`, otherwise));

/** One that may be chosen, likewise. @param {string} kind @param {string} name @param {unknown} value */
const valueName = (kind, name, value) =>
  typeof value === "boolean" ? t(value ? "job.yes" : "job.no") : text(`value.${kind}.${name}.${value}`, text(`value.${name}.${value}`, spoken(String(value))));

/** @param {string} name @param {Schema} given @param {Schema} whole @param {string} kind @returns {Field} */
function field(name, given, whole, kind) {
  const [schema, isNullable] = unwrapped(given, whole);
  const id = newId("option");
  const error = h("p", { class: "error", id: `${id}-error` });
  const hint = h("p", { class: "hint", id: `${id}-hint` }, words(kind, name, ".hint", (given.description ?? "").replaceAll("`", "")));
  const isNeeded = (whole.required ?? []).includes(name);
  const label = words(kind, name, "", capital(spoken(name)));
  const { control, read, isGroup, isJson = false } = controlOf(schema, { id, isNullable, initial: given.default, said: (value) => valueName(kind, name, value) });
  if (!isGroup) control.setAttribute("aria-describedby", `${id}-hint ${id}-error`);
  const named = `${label}${isNeeded ? ` (${t("imports.needed")})` : ""}`;
  const element = isGroup
    ? h("fieldset", { class: "field" }, h("legend", { class: "label" }, named), control, hint, error)
    : schema.type === "boolean" && !isNullable
      ? h("div", { class: "field" }, h("label", { class: "check" }, control, h("span", {}, named)), hint, error)
      : h("div", { class: "field" }, h("label", { for: id }, named), control, hint, error);
  const complain = (/** @type {string} */ said) => {
    error.textContent = said;
    control.setAttribute("aria-invalid", String(said !== ""));
    const folded = said && element.closest("details");
    if (folded) folded.open = true;
    if (said) /** @type {HTMLElement} */ (control.matches("input,select,textarea") ? control : control.querySelector("input") ?? control).focus();
  };
  const isGiven = () => isNeeded || JSON.stringify(read()) !== JSON.stringify(given.default ?? null);
  return { name, element, read, complain, isGiven, isJson };
}

/**
 * @param {Schema} schema @param {{id: string, isNullable: boolean, initial: any, said: (value: unknown) => string}} asked
 * @returns {{control: HTMLElement, read: () => unknown, isGroup?: boolean, isJson?: boolean}}
 */
function controlOf(schema, { id, isNullable, initial, said }) {
  if (schema.type === "boolean" && !isNullable) {
    const input = h("input", { type: "checkbox", id, checked: initial === true });
    return { control: input, read: () => input.checked };
  }
  if (schema.enum || schema.type === "boolean") {
    const values = /** @type {any[]} */ (schema.enum ?? [true, false]);
    const choices = [...(isNullable ? [["null", t("imports.as_it_is")]] : []), ...values.map((one) => [JSON.stringify(one), said(one)])];
    const select = h("select", { class: "input", id }, ...choices.map(([value, name]) => h("option", { value, selected: value === JSON.stringify(initial ?? null) }, name)));
    return { control: select, read: () => JSON.parse(select.value) };
  }
  if (schema.type === "integer" || schema.type === "number") {
    const input = h("input", { class: "input", type: "number", id, value: initial ?? "", min: schema.minimum, max: schema.maximum, step: schema.type === "integer" ? 1 : "any" });
    return { control: input, read: () => (input.value === "" ? null : Number(input.value)) };
  }
  if (schema.type === "string") {
    const input = h("input", { class: "input", id, value: initial ?? "", maxlength: schema.maxLength, autocomplete: "off", spellcheck: "false" });
    return { control: input, read: () => input.value.trim() || (isNullable ? null : "") };
  }
  const items = /** @type {Schema | undefined} */ (schema.items);
  if (schema.type === "array" && items?.enum) {
    const boxes = items.enum.map((/** @type {string} */ one) => h("input", { type: "checkbox", value: one, checked: (initial ?? []).includes(one) }));
    const control = h("div", {}, ...boxes.map((/** @type {HTMLInputElement} */ one) => h("label", { class: "check" }, one, h("span", {}, said(one.value)))));
    return { control, read: () => boxes.filter((/** @type {HTMLInputElement} */ one) => one.checked).map((/** @type {HTMLInputElement} */ one) => one.value), isGroup: true };
  }
  if (schema.type === "array" && items?.type === "string") {
    const area = h("textarea", { class: "input", id, rows: 3, value: (initial ?? []).join("\n"), placeholder: t("imports.one_a_line") });
    return { control: area, read: () => area.value.split("\n").map((one) => one.trim()).filter(Boolean) };
  }
  const area = h("textarea", { class: "input mono", id, rows: 3, spellcheck: "false", placeholder: "{ }" });
  return { control: area, read: () => (area.value.trim() ? JSON.parse(area.value) : initial ?? null), isJson: true };
}

/** @param {Schema} schema of an object @param {string} kind of jobs, for the words of its options */
export function schemaForm(schema, kind) {
  const properties = Object.entries(schema.properties ?? {}).map(([name, one]) => /** @type {[string, Schema]} */ ([name, withItems(one, schema)]));
  const fields = properties.map(([name, one]) => field(name, one, schema, kind));
  const plain = fields.filter((one) => !one.isJson), other = fields.filter((one) => one.isJson);
  return {
    elements: [...plain.map((one) => one.element), ...(other.length ? [h("details", {}, h("summary", {}, t("imports.advanced")), ...other.map((one) => one.element))] : [])],
    /** What differs from what is taken without it; null where something cannot be read. @returns {Record<string, unknown> | null} */
    values() {
      const found = /** @type {Record<string, unknown>} */ ({});
      for (const one of fields) {
        one.complain("");
        try {
          if (one.isGiven()) found[one.name] = one.read();
        } catch {
          one.complain(t("imports.no_json"));
          return null;
        }
      }
      return found;
    },
    /** Shows what the service says of fields; what is left over is returned. @param {string} detail as `body.options.name: why; …` */
    complain(detail) {
      const left = [];
      for (const said of detail.split("; ").reverse()) {
        const [, name, why] = /^body\.options\.(\w+)[^:]*: (.*)$/s.exec(said) ?? [];
        const one = fields.find((each) => each.name === name);
        if (one && why) one.complain(why);
        else left.push(said);
      }
      return left.reverse().join("; ");
    },
  };
}

/** @param {Schema} schema @param {Schema} whole @returns {Schema} */
const withItems = (schema, whole) => (schema.items ? { ...schema, items: resolved(schema.items, whole) } : schema);
