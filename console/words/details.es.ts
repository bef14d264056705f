// Lo que se lee sobre quién es alguien, cómo se le localiza y avisa, y los enlaces de su calendario.
import type { DetailsWords } from './details.en.ts'

const before = (minutes: number) =>
  minutes % 1440 === 0
    ? minutes === 1440
      ? '1 día antes'
      : `${minutes / 1440} días antes`
    : minutes % 60 === 0
      ? minutes === 60
        ? '1 hora antes'
        : `${minutes / 60} horas antes`
      : `${minutes} minutos antes`

export const es: DetailsWords = {
  title: 'Cambiar los datos',
  own_title: 'Contacto y recordatorios',
  back: 'Volver a la ficha',
  contact: 'Cómo le localiza el hospital',
  email_help: 'Aquí llegan los correos sobre sus citas. Aquello con lo que inicia sesión no cambia.',
  labels: { marital_status: 'Estado civil', occupation: 'Ocupación' },
  lines: {
    line1: 'Calle y número',
    line2: 'Más de la dirección',
    city: 'Ciudad',
    state: 'Provincia o región',
    postal_code: 'Código postal',
    country: 'País',
  },
  saved: 'Guardado.',
  reminders: 'Recordatorios',
  by_email: 'Correos sobre citas',
  by_email_help: 'Lo que se reserva, cambia o cancela, y recordatorios antes.',
  yes_no: (is) => (is ? 'Sí' : 'No'),
  remind: 'Recordar',
  remind_help: 'Tres veces como máximo; ninguna para que no se recuerde.',
  before,
  quiet: 'Horas de silencio',
  quiet_help: 'Horas de silencio: entonces no se envía nada que pueda esperar, según el reloj del hospital.',
  quiet_from: 'Desde',
  quiet_until: 'Hasta',
  links: 'Enlaces de calendario',
  links_text:
    'Un enlace muestra sus citas en el calendario de su teléfono u ordenador y las mantiene al día. Quien lo tenga puede leerlas: la hora y el lugar, ningún nombre ni motivo.',
  links_none: 'No hay enlaces.',
  make_link: { own_appointments: 'Crear un enlace a mis citas', own_calendar: 'Crear un enlace a mi agenda de médico' },
  link_shows: { own_appointments: 'Mis citas', own_calendar: 'Mi agenda de médico' },
  link_once: 'Añada esta dirección a su calendario como suscripción. No se muestra otra vez.',
  link_kept: 'Lo he guardado',
  link_of: (moment) => `Creado ${moment}`,
  revoke: 'Revocar',
  revoke_of: (made) => `Revocar: ${made}`,
  prove: 'Dé su contraseña para seguir',
  copy: 'Copiar el enlace',
  copied: 'Copiado',
}
