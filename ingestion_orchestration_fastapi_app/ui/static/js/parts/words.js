// Words for names and sentences of the service's, which may have more of them than a dictionary.
import { h } from "../core/dom.js";
import { has, t } from "../core/i18n.js";

/** @param {string} key @param {string} otherwise */
export const text = (key, otherwise) => (has(key) ? t(key) : otherwise);

/** A constant name of the service's as people would write it. @param {string} name */
export const spoken = (name) => name.replaceAll("_", " ");

/** @param {string} kind of jobs */
export const kindName = (kind) => text(`job.kind.${kind}`, spoken(kind));

/** What the service says in English, folded away beside what the page says of it. @param {string | null | undefined} said */
export const inItsWords = (said) => (said ? h("details", {}, h("summary", {}, t("service.said")), h("p", { class: "meta", lang: "en" }, said)) : null);
