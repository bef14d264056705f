// Lo que se lee de las propias sesiones.
import type { SessionWords } from './sessions.en.ts'

export const es: SessionWords = {
  title: 'Mis sesiones abiertas',
  this: 'Esta',
  since: (moment) => `Desde ${moment}`,
  used: (moment) => `Usada por última vez ${moment}`,
  end: 'Cerrarla',
  end_all: 'Cerrar todas',
  prove: 'Escriba su contraseña para continuar',
  attempts: 'Últimos intentos de entrar en mi cuenta',
  success: 'Logrado',
  failure: 'Fallido',
  denied: 'Rechazado',
  unknown_device: 'Dispositivo desconocido',
}
